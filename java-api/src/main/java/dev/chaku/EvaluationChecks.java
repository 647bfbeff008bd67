package dev.chaku;

import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.eval.Check;
import dev.chaku.generate.ContinuationScore;
import dev.chaku.internal.eval.Question;
import dev.chaku.internal.eval.QuestionReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an adapter did to its base beside the task: losses on answers that it was trained on and on others, on a general
 * text and on the base's own answers, each measured with and without it. The base's own answers are greedy, to the
 * beginnings of the general texts: what drifts away from them has changed where nobody asked for it. Not thread-safe.
 */
final class EvaluationChecks {
    /** Nats a token by which the gap between held-out and trained answers may grow: a third more perplexity. */
    private static final double OVER_FITTING = 0.3;
    /** Nats a token of general text: 5 % of perplexity. */
    private static final double FORGETTING = 0.05;
    /** Nats a token of the base's own answers, which are the likeliest there are: each token loses two fifths. */
    private static final double DRIFT = 0.5;
    /** Words in a row, as in the training data. */
    private static final int COPIED = 30;
    /** Examples of trained and of held-out answers whose losses are compared. */
    private static final int SAMPLE = 64;

    private static final int OWN_ANSWERS = 8;
    private static final int OWN_PROMPT_TOKENS = 16;
    private static final int OWN_ANSWER_TOKENS = 32;

    /** Losses in nats a token; NaN where there is nothing to measure. */
    private record Losses(double gap, double general, double own) {}

    /** What the base says of itself. */
    private record OwnAnswer(int[] prompt, int[] answer) {}

    private final Model model;
    private final QuestionReader reader;
    private final @Nullable Dataset general;
    private final @Nullable Dataset trained;
    private final @Nullable Dataset heldOut;
    private final Runnable step;
    private final List<OwnAnswer> own = new ArrayList<>();
    private final List<Check> checks = new ArrayList<>();
    private @Nullable Losses base;

    /**
     * Takes what is to be measured.
     *
     * @param asked what the evaluation asks
     * @param step called after each example that is scored
     */
    EvaluationChecks(Evaluator options, QuestionReader reader, List<Example> asked, Runnable step) {
        this.model = options.model;
        this.reader = reader;
        this.general = options.general;
        this.trained = sample(options.trained == null ? List.of() : options.trained.examples());
        this.heldOut = trained == null ? null : sample(asked);
        this.step = step;
    }

    /** As many as are compared; null for none. */
    private static @Nullable Dataset sample(List<Example> examples) {
        return examples.isEmpty() ? null : Dataset.of(spread(examples, SAMPLE));
    }

    /** At most so many of some examples, spread evenly over them. */
    static List<Example> spread(List<Example> examples, int most) {
        int count = Math.min(most, examples.size());
        List<Example> some = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            some.add(examples.get((int) ((long) i * examples.size() / count)));
        }
        return some;
    }

    /** How often {@link #step} will be called where so many variants without examples before the question are asked. */
    int steps(int adapters) {
        int each = size(general) + size(trained) + size(heldOut) + (general == null ? 0 : ownAnswers());
        return each == 0 ? 0 : each * (adapters + 1);
    }

    private int ownAnswers() {
        return Math.min(OWN_ANSWERS, size(general));
    }

    private static int size(@Nullable Dataset data) {
        return data == null ? 0 : data.examples().size();
    }

    List<Check> checks() {
        return List.copyOf(checks);
    }

    /** {@return the base's loss on the general text; NaN if there is none} */
    double generalLossOfBase() {
        return base().general;
    }

    private Losses base() {
        if (base == null) {
            findOwnAnswers();
            base = losses(model.scorer());
        }
        return base;
    }

    private void findOwnAnswers() {
        if (general == null) {
            return;
        }
        Generator generator = model.generator().temperature(0).maxTokens(OWN_ANSWER_TOKENS);
        for (Example example : general.examples().subList(0, ownAnswers())) {
            int[] prompt = beginning(example);
            if (prompt.length > 0) {
                int[] answer = generator.tokens(prompt).generate().tokens();
                if (answer.length > 0) {
                    own.add(new OwnAnswer(prompt, answer));
                }
            }
        }
    }

    private int[] beginning(Example example) {
        if (QuestionReader.asks(example)) {
            return reader.read(0, example, List.of()).map(Question::prompt).orElse(new int[0]);
        }
        if (example instanceof Example.Text text) {
            int[] tokens = model.tokenizer().encodePrompt(text.text(), false);
            return Arrays.copyOf(tokens, Math.min(tokens.length, OWN_PROMPT_TOKENS));
        }
        return new int[0];
    }

    private Losses losses(Scorer scorer) {
        double gap = trained == null
                ? Double.NaN
                : scorer.loss(heldOut, step).loss() - scorer.loss(trained, step).loss();
        double text = general == null ? Double.NaN : scorer.loss(general, step).loss();
        double sum = 0;
        long tokens = 0;
        for (OwnAnswer answer : own) {
            ContinuationScore score = scorer.score(answer.prompt, answer.answer);
            sum -= score.logprob();
            tokens += answer.answer.length;
            step.run();
        }
        return new Losses(gap, text, tokens == 0 ? Double.NaN : sum / tokens);
    }

    /**
     * Measures an adapter.
     *
     * @param scorer that wears it
     * @return its loss on the general text; NaN if there is none
     */
    double check(String variant, Scorer scorer) {
        Losses before = base();
        Losses after = losses(scorer);
        add(
                variant,
                "over_fitting",
                before.gap,
                after.gap,
                OVER_FITTING,
                "the loss of held-out answers over that of trained ones went from %.3f to %.3f",
                "it over-fits; fewer epochs, a lower rank or more data help");
        add(
                variant,
                "general_loss",
                before.general,
                after.general,
                FORGETTING,
                "the loss on general text rose from %.3f to %.3f",
                "the base has forgotten; fewer epochs, a lower rate or general examples among the data help");
        add(
                variant,
                "own_answers",
                before.own,
                after.own,
                DRIFT,
                "the loss on the base's own answers to general text rose from %.3f to %.3f",
                "it drifted where nothing was asked of it; fewer epochs, a lower rate or general examples help");
        return after.general;
    }

    private void add(
            String variant, String name, double before, double after, double most, String found, String helps) {
        if (!Double.isNaN(before) && !Double.isNaN(after)) {
            boolean passed = after - before < most;
            String text = String.format(
                    Locale.ROOT,
                    found.replace("rose", after < before ? "fell" : "rose") + " (too much from +%.2f)",
                    before,
                    after,
                    most);
            checks.add(new Check(variant, name, before, after, most, passed, passed ? text : text + ": " + helps));
        }
    }

    /**
     * Judges copied passages.
     *
     * @param inReference words of the longest passage that a reference has: so much the task itself asks for
     * @param copied words of the longest one of an answer
     */
    void checkCopied(String variant, int inReference, int copied) {
        boolean passed = copied < COPIED || copied <= inReference;
        String text = "an answer has " + copied + " words in a row as the training data have them (too many from "
                + COPIED + ", unless a reference has as many)";
        checks.add(new Check(
                variant,
                "copied_words",
                inReference,
                copied,
                COPIED,
                passed,
                passed ? text : text + ": the adapter may have learned them by heart"));
    }
}
