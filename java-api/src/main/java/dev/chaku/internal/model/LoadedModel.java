package dev.chaku.internal.model;

import dev.chaku.data.PromptEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.generate.grammar.FormCompiler;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import dev.chaku.internal.quantize.WeightFault;
import dev.chaku.internal.schedule.Scheduler;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model that is open: where it came from, what it is, and what computes it. Thread-safe; the engine is closed with
 * it.
 */
public final class LoadedModel implements AutoCloseable {
    private static final int LOGITS_AT_ONCE = 64;

    private final @Nullable GgufFile file;
    private final GgufMetadata metadata;
    private final @Nullable Tokenizer tokenizer;
    private final DecoderSpec spec;
    private final Engine engine;
    private final EngineModel core;
    private final Scheduler.Settings settings;
    private final Scheduler scheduler;
    /** Adapters in the engine, each content brought there once; guarded by itself. */
    private final Map<LoadedAdapter, Bound> bound = new WeakHashMap<>();
    /** Made when a conversation is first encoded, since it looks at every token. */
    private volatile @Nullable PromptEncoder prompts;
    /** Made when a form is first asked for, since it sorts all tokens. */
    private volatile @Nullable FormCompiler forms;

    /** An adapter in the engine, for all that were loaded with its content. */
    private static final class Bound {
        private final EngineAdapter core;
        private int owners;

        Bound(EngineAdapter core) {
            this.core = core;
        }
    }

    private LoadedModel(
            @Nullable GgufFile file,
            GgufMetadata metadata,
            @Nullable Tokenizer tokenizer,
            DecoderSpec spec,
            Engine engine,
            EngineModel core,
            Scheduler.Settings settings) {
        this.file = file;
        this.metadata = metadata;
        this.tokenizer = tokenizer;
        this.spec = spec;
        this.engine = engine;
        this.core = core;
        this.settings = settings;
        this.scheduler = new Scheduler(core, spec, settings);
    }

    /**
     * Opens a GGUF file.
     *
     * @param start starts the engine, once the file is found to be good
     * @throws BadInputException if the file is damaged or holds no model of a known family
     */
    public static LoadedModel open(Path path, Supplier<Engine> start, Scheduler.Settings settings) {
        GgufFile file = GgufFile.read(path);
        DecoderSpec spec = ModelFamilies.map(file);
        Tokenizer tokenizer = Tokenizers.of(file);
        if (tokenizer.vocabSize() != spec.decoder().vocabSize()) {
            throw new BadInputException(path + ": tensor token_embd.weight expects one row for each of "
                    + tokenizer.vocabSize() + " tokens, found " + spec.decoder().vocabSize() + " rows");
        }
        Engine engine = start.get();
        try {
            EngineModel core = engine.load(spec, file, () -> WeightFault.find(file));
            return new LoadedModel(file, file.metadata(), tokenizer, spec, engine, core, settings);
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /**
     * A model of random weights, without file and tokenizer.
     *
     * @param name what messages call it
     */
    public static LoadedModel random(
            DecoderSpec spec, String name, long seed, Supplier<Engine> start, Scheduler.Settings settings) {
        Engine engine = start.get();
        try {
            EngineModel core = engine.random(spec, seed);
            return new LoadedModel(null, new GgufMetadata(name, Map.of()), null, spec, engine, core, settings);
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** None for one of random weights. */
    public Optional<GgufFile> file() {
        return Optional.ofNullable(file);
    }

    /** Key values of the file. */
    public GgufMetadata metadata() {
        return metadata;
    }

    /** Null for one of random weights. */
    public @Nullable Tokenizer tokenizerOrNull() {
        return tokenizer;
    }

    /** @throws IllegalStateException if there is none */
    public Tokenizer tokenizer() {
        if (tokenizer == null) {
            throw new IllegalStateException("a synthetic model has no tokenizer");
        }
        return tokenizer;
    }

    public DecoderSpec spec() {
        return spec;
    }

    public Engine engine() {
        return engine;
    }

    /** The model in the engine. */
    public EngineModel core() {
        return core;
    }

    /** What computes its texts. */
    public Scheduler scheduler() {
        return scheduler;
    }

    /**
     * What compiles forms of texts for its tokens.
     *
     * @throws IllegalStateException if there is no tokenizer
     */
    public FormCompiler forms() {
        FormCompiler made = forms;
        if (made == null) {
            synchronized (this) {
                made = forms == null ? new FormCompiler(tokenizer()) : forms;
                forms = made;
            }
        }
        return made;
    }

    /** What encodes prompts and conversations for it. */
    public PromptEncoder prompts() {
        PromptEncoder made = prompts;
        if (made == null) {
            made = new PromptEncoder(tokenizer());
            prompts = made;
        }
        return made;
    }

    /**
     * Logits of every position of a text that might have become longer.
     *
     * @param capacity tokens that the text might have had, at least its own
     * @return [T][V]
     */
    public float[][] logits(int[] tokens, List<EngineText.Worn> worn, int capacity) {
        requireOpen();
        requireLength(tokens.length);
        requireLength(capacity);
        int vocabSize = spec.decoder().vocabSize();
        float[][] result = new float[tokens.length][vocabSize];
        int atOnce = Math.min(LOGITS_AT_ONCE, tokens.length);
        FloatBuffer buffer = DirectBuffers.floats(Math.multiplyExact(atOnce, vocabSize));
        long limit = settings.memoryLimitBytes();
        try (SingleText text = new SingleText(core, capacity, atOnce, limit, settings.cache(), worn)) {
            int end = tokens.length - 1;
            for (int from = 0; from < end; from += atOnce) {
                Interruption.check("computation of logits");
                int n = Math.min(atOnce, end - from);
                text.read(tokens, from, n, EnginePool.Logits.ALL, buffer);
                for (int i = 0; i < n; i++) {
                    buffer.get(i * vocabSize, result[from + i]);
                }
            }
            // As a generation asks for them, whose first token's probabilities have the same digits.
            text.read(tokens, end, 1, EnginePool.Logits.LAST, buffer);
            buffer.get(0, result[end]);
        }
        return result;
    }

    /** The adapter in the engine; the same object for adapters of one content, as long as one of them is open. */
    public EngineAdapter bind(LoadedAdapter adapter) {
        requireOpen();
        synchronized (bound) {
            AdapterWeights weights = adapter.weights();
            Bound known = bound.get(adapter);
            if (known == null) {
                known = boundAs(weights);
                try {
                    adapter.boundTo(this);
                } catch (IllegalStateException closedMeanwhile) {
                    closeUnowned(known);
                    throw closedMeanwhile;
                }
                known.owners++;
                bound.put(adapter, known);
            }
            return known.core;
        }
    }

    private Bound boundAs(AdapterWeights weights) {
        weights.requireFits(spec);
        String content = weights.contentHash();
        return bound.values().stream()
                .filter(one -> one.core.contentHash().equals(content))
                .findFirst()
                .orElseGet(() -> new Bound(weights.bind(core, spec, content)));
    }

    private static void closeUnowned(Bound one) {
        if (one.owners == 0) {
            one.core.close();
        }
    }

    /** Takes a closed adapter out of the engine: at once, or when the last generation ends that wears it. */
    void release(LoadedAdapter adapter) {
        synchronized (bound) {
            Bound known = bound.remove(adapter);
            if (known == null || --known.owners > 0) {
                return;
            }
            known.core.close();
        }
        scheduler.takeOff();
    }

    /** A closed model is named as such, whatever of it is asked first. */
    public void requireOpen() {
        if (core.isClosed()) {
            throw new IllegalStateException("the model " + metadata.source() + " is closed");
        }
    }

    /** @throws BadInputException if a text of so many tokens is empty or beyond the model's context */
    public void requireLength(int tokens) {
        if (tokens < 1 || tokens > spec.contextLength()) {
            throw new BadInputException("expected 1 to " + spec.contextLength()
                    + " tokens (the context length of the model), got " + tokens);
        }
    }

    @Override
    public void close() {
        scheduler.close();
        synchronized (bound) {
            bound.values().forEach(one -> one.core.close());
            bound.clear();
        }
        core.close();
        engine.close();
    }
}
