package dev.chaku.internal.train;

import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.EncodedExamples;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.train.RecordCounts;
import dev.chaku.train.TrainingConfig;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run trains on and validates on, encoded and checked. Immutable.
 *
 * @param examples at least one, all with something to train
 * @param evalExamples often empty
 * @param counts what became of records of a data set; zeros if the examples came encoded
 * @param template what tells the chat template that rendered them from others, empty if none did
 * @param groups which of the examples belong together
 */
public record TrainingData(
        EncodedExamples examples,
        EncodedExamples evalExamples,
        RecordCounts counts,
        String template,
        AnswerGroups groups) {
    /**
     * Where encoded examples are kept.
     *
     * @param inMemoryBytes of the heap for each of the two parts, before it goes to a file
     * @param scratchFolder where that file is made
     */
    public record Room(long inMemoryBytes, Path scratchFolder) {}

    /** Takes encoded examples. */
    public static TrainingData of(
            BaseModel model,
            TrainingConfig config,
            Room room,
            List<EncodedExample> examples,
            List<EncodedExample> evalExamples) {
        Collector train = new Collector(model, config, room, "example");
        examples.forEach(train::add);
        Collector eval = new Collector(model, config, room, "validation example");
        evalExamples.forEach(eval::add);
        return checked(
                config,
                train,
                eval,
                RecordCounts.NONE,
                "",
                AnswerGroups.ofEncoded(config.loss(), examples, evalExamples));
    }

    /** {@return tokens of the longest examples that belong together} */
    public int longestTogether() {
        return Math.max(groups.longest(examples), groups.longest(evalExamples));
    }

    /** {@return how many examples were taken, of one sequence or more each} */
    public int size() {
        return examples.size() / groups.together();
    }

    /**
     * Encodes data sets.
     *
     * @param evalData or null
     * @param evalSplit share of the data that is set aside in its place, 0 for none
     * @param template what tells the encoder's chat template from others
     */
    public static TrainingData encode(
            BaseModel model,
            TrainingConfig config,
            Room room,
            Dataset data,
            @Nullable Dataset evalData,
            double evalSplit,
            ExampleEncoder encoder,
            String template) {
        List<Example> trainExamples = data.examples();
        List<Example> evalExamples = evalData == null ? List.of() : evalData.examples();
        if (evalSplit > 0) {
            if (evalData != null) {
                throw new BadInputException(
                        "validation: expected data of its own or a share of the training data, found both");
            }
            Dataset.Split parts = data.split(evalSplit, config.seed());
            trainExamples = parts.train();
            evalExamples = parts.eval();
        }
        Collector train = new Collector(model, config, room, "example");
        Collector eval = new Collector(model, config, room, "validation example");
        AnswerGroups groups = AnswerGroups.of(config.loss());
        groups.encode(encoder, trainExamples, train::add, groups.wanted());
        groups.encode(encoder, evalExamples, eval::add, groups.evalWanted());
        RecordCounts counts = RecordCounts.of(encoder.counts());
        return checked(config, train, eval, counts, counts.conversations() > 0 ? template : "", groups);
    }

    private static TrainingData checked(
            TrainingConfig config,
            Collector train,
            Collector eval,
            RecordCounts counts,
            String template,
            AnswerGroups groups) {
        if (train.taken == 0) {
            throw new BadInputException("no example to train on"
                    + (counts.dropped() > 0 ? ": all " + counts.dropped() + " were left out" : ""));
        }
        TrainingData data = new TrainingData(train.build(), eval.build(), counts, template, groups);
        if (config.keeping().stopsEarly() && data.evalExamples.isEmpty()) {
            throw new BadInputException("early stopping needs validation examples, or a share of the data set aside");
        }
        return data;
    }

    /** Checks examples one by one, and keeps those that train something. */
    private static final class Collector {
        private final BaseModel model;
        private final TrainingConfig config;
        private final String what;
        private final int longest;
        private final EncodedExamples.Builder kept;
        private int taken;

        Collector(BaseModel model, TrainingConfig config, Room room, String what) {
            this.model = model;
            this.config = config;
            this.what = what;
            this.longest = Math.min(config.batching().maxLength(), model.contextLength());
            this.kept = EncodedExamples.builder(room.inMemoryBytes(), room.scratchFolder());
        }

        void add(EncodedExample example) {
            taken++;
            if (example.length() > longest) {
                throw new BadInputException(what + " " + taken + ": expected at most " + longest
                        + " tokens (max length " + config.batching().maxLength() + ", context length of the model "
                        + model.contextLength() + "), found " + example.length());
            }
            for (int token : example.tokens()) {
                if (token < 0 || token >= model.vocabSize()) {
                    throw new BadInputException(what + " " + taken + ": expected token ids below " + model.vocabSize()
                            + ", found " + token);
                }
            }
            // What trains nothing costs time, and a step of such alone would have no loss.
            if (example.weight() > 0) {
                kept.add(example);
            }
        }

        EncodedExamples build() {
            EncodedExamples examples = kept.build();
            if (taken > 0 && examples.isEmpty()) {
                throw new BadInputException("no token of any " + what + " is trained: every weight is 0");
            }
            return examples;
        }
    }
}
