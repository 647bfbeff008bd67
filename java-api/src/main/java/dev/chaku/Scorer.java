package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.ContinuationScore;
import dev.chaku.generate.DataLoss;
import dev.chaku.internal.generate.LogprobLoop;
import dev.chaku.internal.generate.LossSum;
import dev.chaku.internal.model.WornAdapters;
import dev.chaku.internal.schedule.TextSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Says how likely given texts are to a model and the adapters that it wears: continuations of a prompt, labels to
 * choose from, whole data sets. Nothing is sampled, and of the logits no more than a few rows are held at a time.
 * Settings stay from call to call. Not thread-safe; a model may have any number of scorers at work at once. An
 * interrupt of the thread ends a computation with OperationCancelledException.
 */
public final class Scorer {
    private final Model model;
    private final WornAdapters adapters;
    private @Nullable ChatRenderer chat;
    private int maxLength = Integer.MAX_VALUE;

    Scorer(Model model) {
        this.model = model;
        this.adapters = new WornAdapters(model.loaded());
    }

    /**
     * Wears an adapter as it was trained, in place of those that this scorer wore.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @return this
     */
    public Scorer adapter(Adapter adapter) {
        return adapter(adapter, 1);
    }

    /**
     * Wears an adapter, in place of those that this scorer wore.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @param scale multiplies what it adds; 1 for as it was trained
     * @return this
     * @throws BadInputException if it was made for another base
     */
    public Scorer adapter(Adapter adapter, double scale) {
        adapters.set(adapter.loaded(), scale);
        return this;
    }

    /**
     * Wears an adapter beside those that this scorer wears, see {@link Generator#addAdapter(Adapter, double)}.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @param scale a factor on what the adapter adds; 1 is as trained
     * @return this
     */
    public Scorer addAdapter(Adapter adapter, double scale) {
        adapters.add(adapter.loaded(), scale);
        return this;
    }

    /**
     * Takes off all adapters.
     *
     * @return this
     */
    public Scorer withoutAdapters() {
        adapters.clear();
        return this;
    }

    /**
     * How conversations of data sets become text, in place of the model's own chat template.
     *
     * @param renderer writes conversations as text
     * @return this
     */
    public Scorer chat(ChatRenderer renderer) {
        this.chat = Objects.requireNonNull(renderer, "renderer");
        return this;
    }

    /**
     * The longest sequence of data sets, in tokens; longer ones are truncated. The model's context unless set.
     *
     * @param tokens at least 1
     * @return this
     */
    public Scorer maxLength(int tokens) {
        if (tokens < 2) {
            throw new BadInputException("max length: expected at least 2 tokens, found " + tokens);
        }
        this.maxLength = tokens;
        return this;
    }

    /**
     * {@return how likely a text is to go on after a prompt} The two are encoded apart, as prompt and completion are in
     * training; what comes after the continuation, such as the end of the text, counts for nothing.
     *
     * @param prompt special tokens written in it are read as such
     * @param continuation read as characters
     * @throws BadInputException if the continuation is empty, or both are longer than the context
     */
    public ContinuationScore score(String prompt, String continuation) {
        int[] ids = model.tokenizer().encodePrompt(prompt, true);
        return score(ids, continuation(ids, continuation));
    }

    /**
     * {@return how likely tokens are to go on after others, such as those of {@link Generator#chatTokens}}
     *
     * @param prompt at least one
     * @param continuation at least one
     * @throws BadInputException if one is empty, both are longer than the context, or an id is none of the vocabulary
     */
    public ContinuationScore score(int[] prompt, int[] continuation) {
        return run(prompt.length + continuation.length, loop -> loop.score(prompt, continuation));
    }

    /**
     * {@return how likely each label is to go on after a prompt, in their order; the prompt is computed once} A label
     * that begins another is never less likely than that: let none begin another, for instance by a full stop.
     *
     * @param prompt what goes before
     * @param labels at least one
     * @throws BadInputException as {@link #score(String, String)}
     */
    public List<ContinuationScore> scoreEach(String prompt, List<String> labels) {
        return scoreEach(model.tokenizer().encodePrompt(prompt, true), labels);
    }

    /**
     * {@return how likely each label is to go on after tokens, see {@link #scoreEach(String, List)}}
     *
     * @param prompt what goes before
     * @param labels at least one
     */
    public List<ContinuationScore> scoreEach(int[] prompt, List<String> labels) {
        List<int[]> encoded =
                labels.stream().map(label -> continuation(prompt, label)).toList();
        int longest = encoded.stream().mapToInt(ids -> ids.length).max().orElse(0);
        List<ContinuationScore> scores = new ArrayList<>();
        run(prompt.length + longest, loop -> {
            encoded.forEach(label -> scores.add(loop.score(prompt, label)));
            return scores;
        });
        return scores;
    }

    /**
     * {@return the mean loss on a data set, of the tokens that training would train and by their weights: what the
     * training's validation says of the same data}
     *
     * @param data the data set
     * @throws BadInputException if nothing in the data would be trained, or conversations have no chat template
     */
    public DataLoss loss(Dataset data) {
        return loss(data, () -> {});
    }

    /** The same, and tells after each example. */
    DataLoss loss(Dataset data, Runnable afterEach) {
        int longest = Math.min(maxLength, model.contextLength());
        ChatRenderer renderer =
                chat != null ? chat : model.chat().map(ChatRenderer::of).orElse(null);
        ExampleEncoder.Options options = new ExampleEncoder.Options(longest, OverLong.TRUNCATE, false);
        ExampleEncoder encoder = new ExampleEncoder(model.tokenizer(), renderer, options);
        return run(longest, loop -> {
            LossSum sum = new LossSum();
            encoder.encodeAhead(data.examples(), example -> {
                loop.add(example.tokens(), example.weights(), sum);
                afterEach.run();
            });
            return sum.loss();
        });
    }

    /**
     * {@return the mean loss on encoded examples, see {@link #loss(Dataset)}}
     *
     * @param examples encoded for this model
     */
    public DataLoss loss(List<EncodedExample> examples) {
        int longest = examples.stream().mapToInt(EncodedExample::length).max().orElse(1);
        return run(longest, loop -> {
            LossSum sum = new LossSum();
            examples.forEach(example -> loop.add(example.tokens(), example.weights(), sum));
            return sum.loss();
        });
    }

    private int[] continuation(int[] prompt, String text) {
        int[] ids = prompt.length == 0
                ? new int[0]
                : model.loaded().prompts().continuation(prompt[prompt.length - 1], text, false);
        if (ids.length == 0) {
            throw new BadInputException(
                    "score: expected a prompt and a continuation of at least one token each, found none");
        }
        return ids;
    }

    private <R> R run(int tokens, Function<LogprobLoop, R> work) {
        model.loaded().requireOpen();
        model.loaded().requireLength(tokens);
        try (TextSession session = model.loaded().scheduler().session(tokens, adapters.inTheCore())) {
            return work.apply(new LogprobLoop(session, model.loaded().tokenizerOrNull()));
        }
    }
}
