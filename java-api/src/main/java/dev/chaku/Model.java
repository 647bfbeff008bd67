package dev.chaku;

import dev.chaku.data.PromptEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.DeviceException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineOptions;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import dev.chaku.internal.quantize.WeightFault;
import dev.chaku.internal.train.BaseModel;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A language model: weights in the core, used where they lie in the file, and a tokenizer.
 *
 * <p>Immutable and thread-safe. {@link #close} is idempotent; computations under way end normally, and later calls
 * throw IllegalStateException.
 */
public final class Model implements AutoCloseable {
    private static final int LOGITS_AT_ONCE = 64;

    private final @Nullable GgufFile file;
    private final GgufMetadata metadata;
    private final @Nullable Tokenizer tokenizer;
    private final ModelOptions options;
    private final DecoderSpec spec;
    private final Engine engine;
    private final EngineModel core;
    private final SessionCache sessions;
    /** Adapters in the core, each brought there once; guarded by itself. */
    private final Map<Adapter, EngineAdapter> bound = new WeakHashMap<>();
    /** Made when a conversation is first encoded, since it looks at every token. */
    private volatile @Nullable PromptEncoder prompts;

    private Model(
            @Nullable GgufFile file,
            GgufMetadata metadata,
            @Nullable Tokenizer tokenizer,
            ModelOptions options,
            DecoderSpec spec,
            Engine engine,
            EngineModel core) {
        this.file = file;
        this.metadata = metadata;
        this.tokenizer = tokenizer;
        this.options = options;
        this.spec = spec;
        this.engine = engine;
        this.core = core;
        this.sessions = new SessionCache(core, spec, options);
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
        GgufFile file = GgufFile.read(path);
        DecoderSpec spec = ModelFamilies.map(file);
        Tokenizer tokenizer = Tokenizers.of(file);
        if (tokenizer.vocabSize() != spec.decoder().vocabSize()) {
            throw new BadInputException(path + ": tensor token_embd.weight expects one row for each of "
                    + tokenizer.vocabSize() + " tokens, found " + spec.decoder().vocabSize() + " rows");
        }
        Engine engine = Engines.start(
                new EngineOptions(options.threads(), options.device().path()));
        try {
            EngineModel core = engine.load(spec, file, () -> WeightFault.find(file));
            return new Model(file, file.metadata(), tokenizer, options, spec, engine, core);
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
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
        DecoderSpec spec = shape.sizes().spec(format.mix());
        Engine engine = Engines.start(
                new EngineOptions(options.threads(), options.device().path()));
        try {
            EngineModel core = engine.random(spec, seed);
            GgufMetadata metadata = new GgufMetadata("synthetic " + shape.label() + " " + format.label(), Map.of());
            return new Model(null, metadata, null, options, spec, engine, core);
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** {@return the file it was opened from; none for a synthetic model} */
    public Optional<Path> path() {
        return Optional.ofNullable(file).map(GgufFile::path);
    }

    /** {@return the name of the family, for instance {@code llama}} */
    public String architecture() {
        return spec.architecture();
    }

    /** {@return the key values of the file; empty for a synthetic model} */
    public GgufMetadata metadata() {
        return metadata;
    }

    /**
     * {@return how text becomes tokens}
     *
     * @throws IllegalStateException if the model is synthetic
     */
    public Tokenizer tokenizer() {
        if (tokenizer == null) {
            throw new IllegalStateException("a synthetic model has no tokenizer");
        }
        return tokenizer;
    }

    /**
     * {@return the chat template that came with the file, ready to render}
     *
     * @throws BadInputException if it is no template
     */
    public Optional<ChatTemplate> chat() {
        return chatTemplate()
                .map(source -> ChatTemplate.parse(metadata.source() + ": chat template", source, bosText(), eosText()));
    }

    PromptEncoder prompts() {
        PromptEncoder made = prompts;
        if (made == null) {
            made = new PromptEncoder(tokenizer());
            prompts = made;
        }
        return made;
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
        return metadata.findString("tokenizer.chat_template");
    }

    /** {@return the longest text that it was trained for, in tokens} */
    public int contextLength() {
        return spec.contextLength();
    }

    /** {@return the number of tokens of its vocabulary, V} */
    public int vocabSize() {
        return spec.decoder().vocabSize();
    }

    /** {@return the number of its layers, L} */
    public int layers() {
        return spec.decoder().layers();
    }

    /** {@return its width, D} */
    public int width() {
        return spec.decoder().width();
    }

    /** {@return whether layers have experts, of which each token passes through a few} */
    public boolean hasExperts() {
        return spec.layers().stream().anyMatch(layer -> layer.experts() != null);
    }

    /** {@return the number of weights, biases included; a tied embedding counts once} */
    public long parameterCount() {
        return spec.parameters();
    }

    /** {@return the size of all weights in their formats} */
    public long weightBytes() {
        return spec.weightBytes();
    }

    /** {@return what it computes on, and the memory that is available now} */
    public DeviceInfo device() {
        return DeviceInfo.of(engine.describe());
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

    float[][] logits(int[] tokens, List<EngineSession.Worn> worn) {
        return logits(tokens, worn, tokens.length);
    }

    /**
     * Logits of a text that might have become longer.
     *
     * @param capacity tokens that the text might have had, at least its own
     */
    float[][] logits(int[] tokens, List<EngineSession.Worn> worn, int capacity) {
        requireOpen();
        requireLength(tokens.length);
        requireLength(capacity);
        float[][] result = new float[tokens.length][vocabSize()];
        int atOnce = Math.min(LOGITS_AT_ONCE, tokens.length);
        FloatBuffer buffer = DirectBuffers.floats(Math.multiplyExact(atOnce, vocabSize()));
        EngineSession.Options wanted = new EngineSession.Options(
                capacity, atOnce, options.memoryLimitBytes(), options.cache().type());
        try (EngineSession session = core.session(wanted)) {
            session.setAdapters(worn);
            int end = tokens.length - 1;
            for (int from = 0; from < end; from += atOnce) {
                Interruption.check("computation of logits");
                int n = Math.min(atOnce, end - from);
                session.eval(tokens, from, n, EngineSession.Role.PROMPT, EngineSession.Logits.ALL, buffer);
                for (int i = 0; i < n; i++) {
                    buffer.get(i * vocabSize(), result[from + i]);
                }
            }
            // As a generation asks for them, whose first token's probabilities have the same digits.
            session.eval(tokens, end, 1, EngineSession.Role.PROMPT, EngineSession.Logits.LAST, buffer);
            buffer.get(0, result[end]);
        }
        return result;
    }

    /** {@return a new generator with default settings} */
    public Generator generator() {
        return new Generator(this);
    }

    /** {@return a new scorer, which wears nothing} */
    public Scorer scorer() {
        return new Scorer(this);
    }

    /** The adapter in the core; the same object for the same adapter, as long as that lives. */
    EngineAdapter bind(Adapter adapter) {
        requireOpen();
        synchronized (bound) {
            AdapterWeights weights = adapter.weights();
            EngineAdapter known = bound.get(adapter);
            if (known == null) {
                known = weights.bind(core, spec);
                try {
                    adapter.boundTo(this);
                } catch (IllegalStateException closedMeanwhile) {
                    known.close();
                    throw closedMeanwhile;
                }
                bound.put(adapter, known);
            }
            return known;
        }
    }

    /** Takes a closed adapter out of the core: at once, or when the last generation ends that wears it. */
    void release(Adapter adapter) {
        EngineAdapter known;
        synchronized (bound) {
            known = bound.remove(adapter);
        }
        if (known != null) {
            known.close();
            sessions.takeOff(known);
        }
    }

    /** A closed model is named as such, whatever of it is asked first. */
    void requireOpen() {
        if (core.isClosed()) {
            throw new IllegalStateException("the model " + metadata.source() + " is closed");
        }
    }

    void requireLength(int tokens) {
        if (tokens < 1 || tokens > contextLength()) {
            throw new BadInputException(
                    "expected 1 to " + contextLength() + " tokens (the context length of the model), got " + tokens);
        }
    }

    @Nullable
    Tokenizer tokenizerOrNull() {
        return tokenizer;
    }

    SessionCache sessions() {
        return sessions;
    }

    EngineModel core() {
        return core;
    }

    DecoderSpec spec() {
        return spec;
    }

    /** What a training needs of it. */
    BaseModel base() {
        return new BaseModel(
                toString(),
                Optional.ofNullable(file),
                metadata,
                spec,
                core,
                options.threads(),
                options.memoryLimitBytes());
    }

    Optional<GgufFile> file() {
        return Optional.ofNullable(file);
    }

    @Override
    public void close() {
        sessions.close();
        synchronized (bound) {
            bound.values().forEach(EngineAdapter::close);
            bound.clear();
        }
        core.close();
        engine.close();
    }

    @Override
    public String toString() {
        return metadata.source() + " (" + architecture() + ", " + parameterCount() + " parameters)";
    }
}
