package dev.chaku.internal.train;

import dev.chaku.data.EncodedExample;
import dev.chaku.data.EncodedExamples;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.train.Loss;
import java.util.AbstractList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * How a loss takes examples, and which of the encoded ones belong together and lie in one row: of pairs the chosen and
 * the rejected answer, of a labelled answer itself and the answer before it in the data set, to the same prompt.
 *
 * @param together sequences of an example
 * @param wanted the numbers of the labelled answers that are wanted
 * @param evalWanted the same of the validation
 */
record AnswerGroups(Loss loss, int together, BitSet wanted, BitSet evalWanted) {
    static AnswerGroups of(Loss loss) {
        return new AnswerGroups(loss, loss.data() == Loss.Data.EXAMPLES ? 1 : 2, new BitSet(), new BitSet());
    }

    /** Of examples that come encoded: pairs as chosen, rejected, chosen, rejected. */
    static AnswerGroups ofEncoded(Loss loss, List<EncodedExample> examples, List<EncodedExample> evalExamples) {
        AnswerGroups groups = of(loss);
        if (loss.data() == Loss.Data.LABELLED) {
            throw new BadInputException("examples: expected a data set for a loss of labelled answers, found sequences"
                    + " that are encoded and have no labels");
        }
        for (List<EncodedExample> part : List.of(examples, evalExamples)) {
            if (part.size() % groups.together != 0) {
                throw new BadInputException("examples: expected a chosen and a rejected answer in turn, found "
                        + part.size() + " sequences");
            }
            for (int i = 0; groups.together > 1 && i < part.size(); i++) {
                if (!(part.get(i).weight() > 0)) {
                    throw new BadInputException(
                            "example " + (i + 1) + ": expected an answer with a weight, found none in it");
                }
            }
        }
        return groups;
    }

    /**
     * Encodes examples as the loss takes them.
     *
     * @param labels gets the numbers of wanted answers
     */
    void encode(ExampleEncoder encoder, List<Example> examples, Consumer<EncodedExample> into, BitSet labels) {
        switch (loss.data()) {
            case EXAMPLES -> encoder.encodeAhead(examples, into);
            case PAIRS ->
                encoder.encodePairsAhead(
                        mapped(examples, i -> pair(examples.get(i))), (pair, unused) -> take(pair, into));
            case LABELLED -> {
                int[] taken = new int[1];
                encoder.encodePairsAhead(mapped(examples, i -> withStray(examples, i)), (pair, at) -> {
                    labels.set(taken[0]++, labelled(examples.get(at)).wanted());
                    take(pair, into);
                });
            }
        }
    }

    private static void take(ExampleEncoder.EncodedPair pair, Consumer<EncodedExample> into) {
        into.accept(pair.chosen());
        into.accept(pair.rejected());
    }

    private static List<Example.Preference> mapped(List<Example> examples, Function<Integer, Example.Preference> each) {
        return new AbstractList<>() {
            @Override
            public Example.Preference get(int i) {
                return each.apply(i);
            }

            @Override
            public int size() {
                return examples.size();
            }
        };
    }

    private static Example.Preference pair(Example example) {
        if (example instanceof Example.Preference pair) {
            return pair;
        }
        throw new BadInputException(example.source()
                + ": expected a prompt with a chosen and a rejected answer, as the loss is of pairs, found "
                + (example instanceof Example.Labelled
                        ? "a labelled answer (the loss kto takes such)"
                        : "another example")
                + "; name another loss, or other data");
    }

    private static Example.Labelled labelled(Example example) {
        if (example instanceof Example.Labelled labelled) {
            return labelled;
        }
        throw new BadInputException(example.source()
                + ": expected a prompt with an answer that is labelled as wanted or not, as the loss is kto, found "
                + (example instanceof Example.Preference
                        ? "a pair of answers (the loss dpo takes such)"
                        : "another example")
                + "; name another loss, or other data");
    }

    /** A prompt with its own answer, and with the one of the example before. */
    private static Example.Preference withStray(List<Example> examples, int i) {
        Example.Labelled own = labelled(examples.get(i));
        Example.Labelled before = labelled(examples.get((i + examples.size() - 1) % examples.size()));
        return new Example.Preference(own.source(), own.prompt(), own.answer(), before.answer(), own.tools());
    }

    /** Tokens of the longest of an example's sequences together; 0 for none. */
    int longest(EncodedExamples examples) {
        int longest = 0;
        for (int i = 0; i < examples.size(); i += together) {
            int sum = 0;
            for (int j = i; j < i + together; j++) {
                sum += examples.length(j);
            }
            longest = Math.max(longest, sum);
        }
        return longest;
    }
}
