package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Training for a file into which the adapter will be merged: every step sees the adapted weights as the quantizer of
 * the merge will write them, Q(W + BA) in place of W + BA, and gradients go straight through. The validation's loss is
 * then that of the merged file; worn over the base instead, the adapter has another one.
 *
 * <p>Source of the gradient: Bengio, Léonard, Courville, "Estimating or Propagating Gradients Through Stochastic
 * Neurons for Conditional Computation", 2013.
 *
 * @param format of the merged weights: a mix, such as {@code q4_k_m}, by the name that
 *     {@code dev.chaku.WeightFormat.label} has for it, or {@code base} for the formats that the base has
 * @param every optimizer steps from one quantization to the next, what has changed meanwhile being added as it is; 1 is
 *     exact and slow, 0 lets the run choose as many as keep the quantizer to a quarter of its time
 */
public record MergeAware(String format, int every) {
    /** The name of the base's own formats. */
    public static final String BASE = "base";

    private static final int MOST_STEPS = 1 << 20;

    /** @throws BadInputException if there is no such mix, or so many steps are not between 0 and 1048576 */
    public MergeAware {
        format = format.toLowerCase(Locale.ROOT);
        require(
                format.equals(BASE) || FormatMix.ofLabel(format).isPresent(),
                "merge aware",
                BASE + " or one of "
                        + Arrays.stream(FormatMix.values())
                                .map(FormatMix::label)
                                .collect(Collectors.joining(", ")),
                "'" + format + "'");
        require(every >= 0 && every <= MOST_STEPS, "merge aware", "0 to " + MOST_STEPS + " steps", every);
    }

    /**
     * {@return training for a merge into this format, quantized as often as a quarter of the time allows}
     *
     * @param format as the component
     * @throws BadInputException if there is no such mix
     */
    public static MergeAware of(String format) {
        return new MergeAware(format, 0);
    }

    /**
     * Reads {@code FORMAT} or {@code FORMAT:STEPS}, for instance {@code q4_k_m:8}.
     *
     * @param text as command lines write it
     * @return what it says
     * @throws BadInputException if it names no mix, or no number of steps
     */
    public static MergeAware parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            return of(text);
        }
        String steps = text.substring(colon + 1);
        try {
            return new MergeAware(text.substring(0, colon), Integer.parseInt(steps));
        } catch (NumberFormatException e) {
            throw BadInputException.ofSetting(
                    "merge aware", "FORMAT:STEPS with a whole number of steps", "'" + text + "'");
        }
    }

    /**
     * {@return a copy with another number of steps}
     *
     * @param steps at least 0
     */
    public MergeAware withEvery(int steps) {
        return new MergeAware(format, steps);
    }

    /** In the order in which they are written. */
    List<Setting> settings() {
        return List.of(Setting.of("merge_aware", format), Setting.of("merge_aware_every", every));
    }
}
