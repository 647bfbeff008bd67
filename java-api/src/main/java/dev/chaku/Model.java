package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.DeviceException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.model.LoadedModel;
import dev.chaku.internal.train.BaseModel;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.template.ChatTemplate;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * A language model: weights in the core, used where they lie in the file, and a tokenizer.
 *
 * <p>Immutable and thread-safe. {@link #close} is idempotent; computations under way end normally, and later calls
 * throw IllegalStateException.
 */
public final class Model implements AutoCloseable {
    private final LoadedModel loaded;
    private final ModelOptions options;

    private Model(LoadedModel loaded, ModelOptions options) {
        this.loaded = loaded;
        this.options = options;
    }

    /**
     * Opens a GGUF file with default options, see {@link #open(Path, ModelOptions)}.
     *
     * @param path a GGUF file; of a split model, any part
     * @return the model
     */
    public static Model open(Path path) {
        return open(path, ModelOptions.defaults());
    }

    /**
     * Opens a GGUF file. Weights are mapped, not read: this is fast and takes little memory.
     *
     * <p>So the file must stay as it is while the model is open. It may be renamed, deleted, or replaced by another
     * file that is moved into its place, none of which the open model sees. It must not be written to: the model would
     * compute with what is written. It must not be cut short: a computation that finds it so throws
     * {@link BadInputException}, but one that is under way at that moment ends the whole process, since the system
     * answers a read beyond the end of a mapped file with a signal (SIGBUS). Copy a new version beside it and move it
     * into place, as this library does with every file that it writes.
     *
     * @param path the file; of a model split into {@code NAME-00001-of-00003.gguf} and so on, the first part or any
     *     other
     * @param options the settings, see there for the defaults
     * @return the model
     * @throws BadInputException if the file is damaged, holds no model of a known family, or uses something that this
     *     version does not understand
     * @throws DeviceException if the device or the native library cannot be used
     */
    public static Model open(Path path, ModelOptions options) {
        return open(path, options, options::startEngine);
    }

    /** Opens a GGUF file over an engine that is started for it. */
    static Model open(Path path, ModelOptions options, Supplier<Engine> start) {
        return new Model(LoadedModel.open(path, start, options.texts()), options);
    }

    /**
     * {@return a model of a known shape with reproducible random weights, made in memory: its text means nothing, its
     * speed is that of the real one} It has no tokenizer and takes token ids only.
     *
     * @param shape sizes of a well-known model
     * @param format the formats of the matrices
     * @param seed decides all random choices; the same seed gives the same result
     * @param options the settings, see there for the defaults
     * @throws ResourceException if memory does not suffice
     */
    public static Model synthetic(Shape shape, WeightFormat format, long seed, ModelOptions options) {
        String name = "synthetic " + shape.label() + " " + format.label();
        DecoderSpec spec = shape.sizes().spec(format.mix());
        return new Model(LoadedModel.random(spec, name, seed, options::startEngine, options.texts()), options);
    }

    /** {@return the file it was opened from; none for a synthetic model} */
    public Optional<Path> path() {
        return loaded.file().map(GgufFile::path);
    }

    /** {@return the name of the family, for instance {@code llama}} */
    public String architecture() {
        return spec().architecture();
    }

    /** {@return the key values of the file; empty for a synthetic model} */
    public GgufMetadata metadata() {
        return loaded.metadata();
    }

    /**
     * {@return how text becomes tokens}
     *
     * @throws IllegalStateException if the model is synthetic
     */
    public Tokenizer tokenizer() {
        return loaded.tokenizer();
    }

    /**
     * {@return the chat template that came with the file, ready to render}
     *
     * @throws BadInputException if it is no template
     */
    public Optional<ChatTemplate> chat() {
        return chatTemplate()
                .map(source -> ChatTemplate.parse(
                        loaded.metadata().source() + ": chat template", source, bosText(), eosText()));
    }

    /**
     * {@return another chat template for this model}
     *
     * @param nameOrFile a built-in one by its name, or a file
     * @throws BadInputException if it is neither, or no template
     */
    public ChatTemplate chat(String nameOrFile) {
        return ChatTemplate.named(nameOrFile, bosText(), eosText());
    }

    private String bosText() {
        return pieceOf(tokenizer().bos());
    }

    private String eosText() {
        return pieceOf(tokenizer().eos());
    }

    private String pieceOf(OptionalInt id) {
        return id.isPresent() ? tokenizer().piece(id.getAsInt()) : "";
    }

    /** {@return the source of the chat template that came with the file} */
    public Optional<String> chatTemplate() {
        return loaded.metadata().findString("tokenizer.chat_template");
    }

    /** {@return the longest text that it was trained for, in tokens} */
    public int contextLength() {
        return spec().contextLength();
    }

    /** {@return the number of tokens of its vocabulary, V} */
    public int vocabSize() {
        return spec().decoder().vocabSize();
    }

    /** {@return the number of its layers, L} */
    public int layers() {
        return spec().decoder().layers();
    }

    /** {@return its width, D} */
    public int width() {
        return spec().decoder().width();
    }

    /** {@return whether layers have experts, of which each token passes through a few} */
    public boolean hasExperts() {
        return spec().layers().stream().anyMatch(layer -> layer.experts() != null);
    }

    /** {@return the number of weights, biases included; a tied embedding counts once} */
    public long parameterCount() {
        return spec().parameters();
    }

    /** {@return the size of all weights in their formats} */
    public long weightBytes() {
        return spec().weightBytes();
    }

    /** {@return what it computes on, and the memory that is available now} */
    public DeviceInfo device() {
        return DeviceInfo.of(loaded.engine().describe());
    }

    /** {@return the options that it was opened with} */
    public ModelOptions options() {
        return options;
    }

    /**
     * Logits of every position: what the model says should follow each prefix of a text. For checks and measures;
     * generating goes through a generator.
     *
     * @param tokens ids in [0, V), at least one and at most {@link #contextLength}
     * @return [T][V]; the last row has the digits from which a generation goes on
     */
    public float[][] logits(int[] tokens) {
        return logits(tokens, List.of());
    }

    float[][] logits(int[] tokens, List<EngineText.Worn> worn) {
        return logits(tokens, worn, tokens.length);
    }

    /** See {@link LoadedModel#logits}. */
    float[][] logits(int[] tokens, List<EngineText.Worn> worn, int capacity) {
        return loaded.logits(tokens, worn, capacity);
    }

    /** {@return a new generator with default settings} */
    public Generator generator() {
        return new Generator(this);
    }

    /** {@return a new scorer, which wears nothing} */
    public Scorer scorer() {
        return new Scorer(this);
    }

    /**
     * {@return a new embedder, which makes vectors of texts}
     *
     * @throws BadInputException if the model ranks pairs of texts instead
     */
    public Embedder embedder() {
        return new Embedder(this);
    }

    /**
     * {@return a new reranker, which says how well documents answer a query}
     *
     * @throws BadInputException if the model is none that ranks
     */
    public Reranker reranker() {
        return new Reranker(this);
    }

    /** What other facades work with. */
    LoadedModel loaded() {
        return loaded;
    }

    /** What a training needs of it. */
    BaseModel base() {
        return new BaseModel(
                toString(),
                loaded.file(),
                loaded.metadata(),
                loaded.spec(),
                loaded.core(),
                options.threads(),
                options.memoryLimitBytes());
    }

    EngineModel core() {
        return loaded.core();
    }

    DecoderSpec spec() {
        return loaded.spec();
    }

    Optional<GgufFile> file() {
        return loaded.file();
    }

    @Override
    public void close() {
        loaded.close();
    }

    @Override
    public String toString() {
        return loaded.metadata().source() + " (" + architecture() + ", " + parameterCount() + " parameters)";
    }
}
