package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.data.PackedRows;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.io.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The log-probabilities of all answers by the model as the training begins, which is the base while an adapter is new:
 * what losses of preferences compare with. Computed once, and kept in the output folder beside a sum of it and of what
 * it was computed from, so that a resumed run compares with the same bits.
 *
 * @param train of the examples
 * @param eval of the validation's
 */
record ReferenceScores(Part train, Part eval) {
    /** The file in the output folder. */
    static final String NAME = "reference.txt";

    /** Of each example on disk, at most. */
    static final long NUMBER_BYTES = 26;

    private static final String HEAD = "log-probabilities of the reference ";

    /**
     * Of one part of the data.
     *
     * @param sums of weight * log-probability of each example; empty where no reference is needed
     * @param labels which answers are wanted, by their number
     */
    record Part(double[] sums, BitSet labels) {
        boolean wanted(int answer) {
            return labels.get(answer);
        }
    }

    /** What the data themselves say, where the loss needs no reference. */
    static ReferenceScores none(TrainingData data) {
        return of(data, new double[0], new double[0]);
    }

    private static ReferenceScores of(TrainingData data, double[] train, double[] eval) {
        return new ReferenceScores(
                new Part(train, data.groups().wanted()),
                new Part(eval, data.groups().evalWanted()));
    }

    /**
     * Computes them.
     *
     * @param core as it is made: nothing trained, nothing restored
     * @param tell is told of the rows
     */
    static ReferenceScores compute(TrainingSetup setup, EngineTrainer core, Preparing tell) {
        PackedRows train = setup.packer().pack(setup.data().examples());
        PackedRows eval = setup.packer().pack(setup.data().evalExamples());
        long all = (long) train.size() + eval.size();
        return of(
                setup.data(),
                sums(train, setup.data().examples().size(), core, done -> tell.at(done, all)),
                sums(eval, setup.data().evalExamples().size(), core, done -> tell.at(train.size() + done, all)));
    }

    private static double[] sums(PackedRows rows, int examples, EngineTrainer core, LongConsumer beforeEach) {
        double[] sums = new double[examples];
        long done = 0;
        for (PackedRow row : rows) {
            beforeEach.accept(done++);
            RowAnswers answers = RowAnswers.all(row);
            double[] each = answers.sums(core.logProbs(answers.batch(0), false));
            for (int i = 0; i < each.length; i++) {
                sums[answers.example(i)] = each[i];
            }
        }
        return sums;
    }

    /** Keeps them for a run that goes on later. */
    void write(TrainingSetup setup, RunDescription description, OutputFolder folder) {
        StringBuilder numbers = new StringBuilder();
        for (double sum : train.sums()) {
            numbers.append(sum).append('\n');
        }
        for (double sum : eval.sums()) {
            numbers.append(sum).append('\n');
        }
        folder.writeText(NAME, head(setup, description, numbers.toString()) + "\n" + numbers);
    }

    /** Reads them; empty if they are not there, are damaged, or are of other data, another base or other settings. */
    static Optional<ReferenceScores> read(TrainingSetup setup, RunDescription description, OutputFolder folder) {
        int train = setup.data().examples().size();
        int eval = setup.data().evalExamples().size();
        try {
            String text = Files.readString(folder.resolve(NAME), StandardCharsets.ISO_8859_1);
            int body = text.indexOf('\n') + 1;
            List<String> lines = text.substring(body).lines().toList();
            if (lines.size() != train + eval
                    || !text.substring(0, body).equals(head(setup, description, text.substring(body)) + "\n")) {
                return Optional.empty();
            }
            double[] sums = lines.stream().mapToDouble(Double::parseDouble).toArray();
            return Optional.of(
                    of(setup.data(), Arrays.copyOf(sums, train), Arrays.copyOfRange(sums, train, train + eval)));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static String head(TrainingSetup setup, RunDescription description, String numbers) {
        Sha256 sum = new Sha256();
        description
                .decisive()
                .forEach((name, value) -> sum.add((name + "=" + value + "\n").getBytes(StandardCharsets.UTF_8)));
        sum.add(setup.data().evalExamples().sha256().getBytes(StandardCharsets.UTF_8));
        return HEAD + sum.add(numbers.getBytes(StandardCharsets.UTF_8)).hex();
    }
}
