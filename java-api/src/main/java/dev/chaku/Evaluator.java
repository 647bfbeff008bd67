package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import dev.chaku.eval.Answer;
import dev.chaku.eval.Evaluation;
import dev.chaku.eval.Metric;
import dev.chaku.internal.eval.AnswerLog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures how well a model answers the examples of a data set, bare, with examples in the prompt and with adapters,
 * and says whether the differences are more than chance. Prompts are, token by token, what training has before the last
 * answer of an example; answers are generated greedily. Settings stay from call to call. Not thread-safe.
 *
 * <p>Each variant also has its loss on the references, in nats a token, and where examples have choices (or
 * {@link #choosing} is set) the share of which the right one was the likeliest. Sources: Efron 1979 (bootstrap), Fisher
 * 1935 (paired test by random signs).
 */
public final class Evaluator {
    /**
     * What is asked.
     *
     * @param shots examples before each question
     * @param adapter that is worn, or null
     */
    record Variant(String name, int shots, @Nullable Adapter adapter, double scale) {}

    final Model model;
    final Dataset data;
    final List<Variant> variants = new ArrayList<>();
    List<Metric> metrics = List.of();
    boolean generating = true;
    boolean choosing;
    int limit = Integer.MAX_VALUE;
    int maxTokens;
    long seed;

    @Nullable
    ChatRenderer chat;

    @Nullable
    Dataset shots;

    @Nullable
    Dataset trained;

    @Nullable
    Dataset general;

    AnswerLog log = AnswerLog.none();
    BiConsumer<Integer, Integer> listener = (done, all) -> {};
    BiConsumer<String, Answer> answerListener = (variant, answer) -> {};

    private Evaluator(Model model, Dataset data) {
        this.model = Objects.requireNonNull(model, "model");
        this.data = Objects.requireNonNull(data, "data");
    }

    /**
     * {@return an evaluator without variants}
     *
     * @param model open; stays so meanwhile
     * @param data examples with answers that the model was not trained on
     */
    public static Evaluator of(Model model, Dataset data) {
        return new Evaluator(model, data);
    }

    /**
     * Adds the base as it is, under the name {@code bare}.
     *
     * @return this
     */
    public Evaluator bare() {
        return add(new Variant("bare", 0, null, 1));
    }

    /**
     * Adds the base with examples before each question, under the name {@code few-shot:N}. They are drawn from
     * {@link #shotsFrom}, else from the other examples of the data set.
     *
     * @param count at least 1
     * @return this
     */
    public Evaluator fewShot(int count) {
        if (count < 1) {
            throw BadInputException.ofSetting("few-shot", "at least 1 example", count);
        }
        return add(new Variant("few-shot:" + count, count, null, 1));
    }

    /**
     * Adds the base with an adapter.
     *
     * @param name of the variant
     * @param adapter open; stays so meanwhile
     * @param scale multiplies what it adds; 1 for as it was trained
     * @return this
     */
    public Evaluator adapter(String name, Adapter adapter, double scale) {
        return add(new Variant(name, 0, Objects.requireNonNull(adapter, "adapter"), scale));
    }

    private Evaluator add(Variant variant) {
        if (variants.stream().anyMatch(other -> other.name().equals(variant.name()))) {
            throw BadInputException.ofSetting("variants", "each name once", "'" + variant.name() + "' twice");
        }
        variants.add(variant);
        return this;
    }

    /**
     * What answers are measured by; the first decides. Those that suit the references unless set, see
     * {@link dev.chaku.eval.Metrics#suited}.
     *
     * @param list at least one
     * @return this
     */
    public Evaluator metrics(List<Metric> list) {
        metrics = List.copyOf(list);
        return this;
    }

    /**
     * Whether answers are generated; without them loss and choices are all that is measured.
     *
     * @param on whether they are; so unless set
     * @return this
     */
    public Evaluator generating(boolean on) {
        generating = on;
        return this;
    }

    /**
     * Whether the likeliest of all references of the data set is looked for, as among labels, for examples that name no
     * choices themselves. The data set must have at most {@code 64} different references.
     *
     * @param on whether it is; not unless set
     * @return this
     */
    public Evaluator choosing(boolean on) {
        choosing = on;
        return this;
    }

    /**
     * How many examples are asked, from the first.
     *
     * @param examples at least 1; all unless set
     * @return this
     */
    public Evaluator limit(int examples) {
        if (examples < 1) {
            throw BadInputException.ofSetting("limit", "at least 1 example", examples);
        }
        limit = examples;
        return this;
    }

    /**
     * Most tokens of an answer.
     *
     * @param tokens 0 for half as many again as the longest reference has, and 16 more, which is so unless set
     * @return this
     */
    public Evaluator maxTokens(int tokens) {
        if (tokens < 0) {
            throw BadInputException.ofSetting("max tokens", "at least 0", tokens);
        }
        maxTokens = tokens;
        return this;
    }

    /**
     * Decides which examples stand before questions, and the resampling.
     *
     * @param value the same seed gives the same results; 0 unless set
     * @return this
     */
    public Evaluator seed(long value) {
        seed = value;
        return this;
    }

    /**
     * How conversations become text, in place of the model's own chat template.
     *
     * @param renderer writes conversations as text
     * @return this
     */
    public Evaluator chat(ChatRenderer renderer) {
        chat = renderer;
        return this;
    }

    /**
     * Where examples before questions come from.
     *
     * @param examples as a rule the training data
     * @return this
     */
    public Evaluator shotsFrom(Dataset examples) {
        shots = examples;
        return this;
    }

    /**
     * Looks for passages of the training data in the answers, and compares the loss of its answers with that of the
     * others: an adapter for which they grow apart over-fits. See {@link Evaluation#checks}.
     *
     * @param examples the training data; its first two million words count, and the loss of 64 examples
     * @return this
     */
    public Evaluator trainedOn(Dataset examples) {
        trained = examples;
        return this;
    }

    /**
     * Measures the loss of each variant on a text that has nothing to do with the task, and on the base's own answers
     * to its beginnings: a training that raises them made the model forget. See {@link Evaluation#checks}.
     *
     * @param texts a sample of a few thousand tokens
     * @return this
     */
    public Evaluator generalText(Dataset texts) {
        general = texts;
        return this;
    }

    /**
     * Keeps every answer as a line of JSON, for reading and for going on: answers that stand in the file already, to
     * the same questions by the same model and adapters, are taken.
     *
     * @param file is made, or grows
     * @return this
     * @throws BadInputException if it holds something else
     */
    public Evaluator answers(Path file) {
        log = AnswerLog.in(file);
        return this;
    }

    /**
     * Tells each answer with the variant that gave it, as soon as it is there.
     *
     * @param newListener called from the calling thread
     * @return this
     */
    public Evaluator onAnswer(BiConsumer<String, Answer> newListener) {
        answerListener = newListener;
        return this;
    }

    /**
     * Tells how many questions were answered and texts were scored, of how many of all variants.
     *
     * @param newListener called from the calling thread
     * @return this
     */
    public Evaluator onProgress(BiConsumer<Integer, Integer> newListener) {
        listener = newListener;
        return this;
    }

    /**
     * {@return what was measured}
     *
     * @throws BadInputException if no variant was added, no example asks anything, or an adapter does not fit
     * @throws dev.chaku.errors.OperationCancelledException if the thread is interrupted; answers so far are kept
     */
    public Evaluation evaluate() {
        if (variants.isEmpty()) {
            throw BadInputException.ofSetting("variants", "at least one, such as bare", "none");
        }
        return new EvaluationRun(this).run();
    }
}
