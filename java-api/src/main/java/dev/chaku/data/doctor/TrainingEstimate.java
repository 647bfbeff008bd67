package dev.chaku.data.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What training on a data set would take.
 *
 * @param method in a few words, for instance {@code LoRA of rank 16}
 * @param epochs passes over the data
 * @param rowTokens length of a packed row
 * @param tokensPerEpoch that are left of over-long sequences, trained or not
 * @param trainedTokensPerEpoch of those, the ones in the loss
 * @param rowsPerEpoch after packing
 * @param stepsPerEpoch optimizer steps
 * @param memory what it takes, or null where that is not known
 * @param time how long it takes on this machine, or null where that is not known
 * @param missing why memory or time is not known; empty where both are
 * @param measured whether tokens were counted by the model's tokenizer; else they and what follows from them are
 *     estimates
 */
public record TrainingEstimate(
        String method,
        int epochs,
        int rowTokens,
        long tokensPerEpoch,
        long trainedTokensPerEpoch,
        int rowsPerEpoch,
        int stepsPerEpoch,
        @Nullable Memory memory,
        @Nullable Time time,
        String missing,
        boolean measured) {
    /**
     * An estimate from tokens that were counted.
     *
     * @param method what would be trained
     * @param epochs passes over the data
     * @param rowTokens tokens of a row, at least 1
     * @param tokensPerEpoch of all sequences
     * @param trainedTokensPerEpoch of these, those that count in the loss
     * @param rowsPerEpoch after packing
     * @param stepsPerEpoch updates of the weights
     * @param memory in bytes, where it is known
     * @param time where the speed is known
     * @param missing why something is not known
     */
    public TrainingEstimate(
            String method,
            int epochs,
            int rowTokens,
            long tokensPerEpoch,
            long trainedTokensPerEpoch,
            int rowsPerEpoch,
            int stepsPerEpoch,
            @Nullable Memory memory,
            @Nullable Time time,
            String missing) {
        this(
                method,
                epochs,
                rowTokens,
                tokensPerEpoch,
                trainedTokensPerEpoch,
                rowsPerEpoch,
                stepsPerEpoch,
                memory,
                time,
                missing,
                true);
    }

    /**
     * Memory in bytes.
     *
     * @param weights of the base, mapped from its file
     * @param training everything else
     * @param available what the machine can give now
     */
    public record Memory(long weights, long training, long available) {}

    /**
     * Time of the whole training.
     *
     * @param seconds most likely
     * @param fastest and {@code slowest}: the range to be expected
     * @param how it was found out, in one line
     */
    public record Time(double seconds, double fastest, double slowest, String how) {}

    /**
     * {@return how many rows sequences are packed into}
     *
     * @param ascending lengths in tokens; longer ones than a row count as a row's length
     * @param rowTokens tokens of a row, at least 1
     */
    public static int rows(int[] ascending, int rowTokens) {
        return RowCount.of(ascending, rowTokens);
    }

    /** {@return optimizer steps in all} */
    public long steps() {
        return (long) stepsPerEpoch * epochs;
    }

    /** {@return a text for people: a line each for what is trained, memory and time} */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s, %s: %s%s an epoch, %s in %s of up to %d: %s an epoch, %,d in all%s",
                method,
                Counted.of(epochs, "epoch"),
                measured ? "" : "about ",
                Counted.of(tokensPerEpoch, "token"),
                measured
                        ? String.format(Locale.ROOT, "%,d of them trained,", trainedTokensPerEpoch)
                        : "prompts included,",
                Counted.of(rowsPerEpoch, "row"),
                rowTokens,
                Counted.of(stepsPerEpoch, "step"),
                steps(),
                measured ? "" : " (estimated)"));
        if (memory != null) {
            lines.add(String.format(
                    Locale.ROOT,
                    "memory: weights %s (mapped), training %s; available %s%s",
                    bytes(memory.weights()),
                    bytes(memory.training()),
                    bytes(memory.available()),
                    memory.training() > memory.available() ? " - NOT ENOUGH" : ""));
        }
        if (time != null) {
            lines.add(String.format(
                    "time: about %s (%s to %s); %s",
                    duration(time.seconds()), duration(time.fastest()), duration(time.slowest()), time.how()));
        }
        if (!missing.isEmpty()) {
            lines.add(missing);
        }
        return lines;
    }

    private static String bytes(long n) {
        return n >= 1L << 30
                ? String.format(Locale.ROOT, "%.1f GiB", n / (double) (1L << 30))
                : String.format(Locale.ROOT, "%.1f MiB", n / (double) (1L << 20));
    }

    private static String duration(double seconds) {
        if (seconds < 90) {
            return String.format(Locale.ROOT, "%.0f s", seconds);
        }
        if (seconds < 90 * 60) {
            return String.format(Locale.ROOT, "%.0f min", seconds / 60);
        }
        return String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
