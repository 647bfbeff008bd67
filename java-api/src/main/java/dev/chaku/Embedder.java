package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineEncoder.Text;
import dev.chaku.internal.engine.VectorOptions;
import dev.chaku.internal.model.LoadedModel;
import dev.chaku.internal.model.TextEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Makes vectors of texts: by an encoder such as BERT, or by a model that generates. Texts whose vectors point the same
 * way mean the same.
 *
 * <p>What a file says of pooling, of prefixes and of products behind the pooling holds unless it is set here. Settings
 * stay from call to call. Not thread-safe; a model may have any number of embedders at work at once. {@link #close}
 * gives memory back, which is taken again with the next text. An interrupt of the thread ends a computation with
 * OperationCancelledException.
 */
public final class Embedder implements AutoCloseable {
    private static final String PREFIX = "chaku.embedding.prefix.";

    private final LoadedModel model;
    private final TextEncoder encoder;
    private final Map<TextUse, String> prefixes = new EnumMap<>(TextUse.class);
    private Pooling pooling;
    private boolean normalized = true;
    private boolean truncates;
    private int dimensions;
    private int maxTokens;

    Embedder(Model made) {
        model = made.loaded();
        VectorOptions vectors = model.spec().vectors();
        if (vectors.ranks()) {
            throw new BadInputException(model.metadata().source()
                    + ": expected a model that gives vectors, found one that ranks; see Reranker");
        }
        encoder = new TextEncoder(model, made.options().memoryLimitBytes());
        pooling = Pooling.of(vectors.pooling());
        dimensions = encoder.width(true);
        maxTokens = model.spec().contextLength();
        prefixes.put(
                TextUse.QUERY, model.metadata().findString(PREFIX + "query").orElse(""));
        prefixes.put(
                TextUse.DOCUMENT,
                model.metadata().findString(PREFIX + "document").orElse(""));
    }

    /**
     * How states become a vector, in place of what the file says; the mean where it says nothing.
     *
     * @param newPooling which states count
     * @return this
     */
    public Embedder pooling(Pooling newPooling) {
        pooling = Objects.requireNonNull(newPooling, "pooling");
        return this;
    }

    /** {@return how states become a vector} */
    public Pooling pooling() {
        return pooling;
    }

    /**
     * Whether vectors have the length 1, which they have unless set.
     *
     * @param on false for vectors as the model gives them
     * @return this
     */
    public Embedder normalized(boolean on) {
        normalized = on;
        return this;
    }

    /**
     * Keeps so many of the first numbers of each vector, before its length is made 1: for models that were trained for
     * it (Matryoshka representation learning, Kusupati et al. 2022). All unless set.
     *
     * @param count 1 to those that the model gives
     * @return this
     * @throws BadInputException if the model gives fewer
     */
    public Embedder dimensions(int count) {
        int most = encoder.width(true);
        if (count < 1 || count > most) {
            throw BadInputException.ofSetting("dimensions", "1 to " + most, count);
        }
        dimensions = count;
        return this;
    }

    /** {@return how many numbers a vector has} */
    public int dimensions() {
        return dimensions;
    }

    /**
     * What is put before each text of a use, in place of what the file says, such as {@code "query: "} for e5. Special
     * tokens that it or a text spells are characters like all others.
     *
     * @param use the texts that it is for
     * @param prefix the text, empty for none
     * @return this
     */
    public Embedder prefix(TextUse use, String prefix) {
        prefixes.put(use, Objects.requireNonNull(prefix, "prefix"));
        return this;
    }

    /**
     * {@return what is put before each text of a use; empty for nothing}
     *
     * @param use what the texts are for
     */
    public String prefix(TextUse use) {
        return prefixes.get(use);
    }

    /**
     * The longest text in tokens, prefix and what the model adds included; the model's context unless set.
     *
     * @param tokens 1 to the context
     * @return this
     */
    public Embedder maxTokens(int tokens) {
        if (tokens < 1 || tokens > model.spec().contextLength()) {
            throw BadInputException.ofSetting(
                    "max tokens", "1 to " + model.spec().contextLength(), tokens);
        }
        maxTokens = tokens;
        return this;
    }

    /**
     * Whether longer texts are cut at the end; unless set they are refused.
     *
     * @param on true to cut
     * @return this
     */
    public Embedder truncates(boolean on) {
        truncates = on;
        return this;
    }

    /**
     * {@return the vector of a document}
     *
     * @param text any text that gives at least one token with what the model adds
     * @throws BadInputException if it is too long, or gives no token
     * @throws ResourceException if memory does not suffice
     */
    public float[] embed(String text) {
        return embed(text, TextUse.DOCUMENT);
    }

    /**
     * {@return the vector of a text}
     *
     * @param text as {@link #embed(String)}
     * @param use decides the prefix
     */
    public float[] embed(String text, TextUse use) {
        return embedAll(List.of(text), use).get(0);
    }

    /**
     * {@return the vector of each text, in their order} Texts are computed together, those of about the same length
     * beside each other; a vector does not depend on the other texts.
     *
     * @param texts each as {@link #embed(String)}
     * @param use decides the prefix
     * @throws BadInputException names the first text that cannot be embedded
     */
    public List<float[]> embedAll(List<String> texts, TextUse use) {
        List<Text> encoded = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            int[] tokens = tokens(texts.get(i), use);
            int[] fitting = TextEncoder.fit(tokens, maxTokens, truncates, "text " + (i + 1) + " of " + texts.size());
            encoded.add(new Text(fitting, fitting.length));
        }
        return encoder.rows(encoded, pooling.inTheCore(), true).stream()
                .map(this::finished)
                .toList();
    }

    /**
     * {@return the last state of each token, after the model's last norm: [T][D], not pooled, not normalized, without
     * the products that may follow the pooling}
     *
     * @param tokens ids in [0, V), at least one
     * @throws BadInputException if there are more than the context holds, or an id is none of the vocabulary
     */
    public float[][] states(int[] tokens) {
        return encoder.states(tokens);
    }

    private int[] tokens(String text, TextUse use) {
        String prefix = prefixes.get(use);
        return model.tokenizer().encode(prefix + text, true, false);
    }

    private float[] finished(float[] row) {
        float[] vector = dimensions == row.length ? row : Arrays.copyOf(row, dimensions);
        if (!normalized) {
            return vector;
        }
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        double length = Math.sqrt(squares);
        for (int i = 0; i < vector.length && length > 0; i++) {
            vector[i] = (float) (vector[i] / length);
        }
        return vector;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
