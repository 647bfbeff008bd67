package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.adapter.PeftAdapters;
import dev.chaku.internal.adapter.RandomAdapter;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.model.LoadedAdapter;
import dev.chaku.internal.train.StartingAdapter;
import dev.chaku.registry.AdapterReference;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.SavedModule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A LoRA adapter in memory, to be worn over a base model. Immutable and thread-safe.
 *
 * <p>Its matrices lie in the Java heap, and outside of it once for each model over which it was worn. {@link #close}
 * lets go of both: generations that wear it end normally, what is asked of it later throws IllegalStateException. An
 * adapter that is not closed is freed when the garbage collector finds it, which may be late, as the collector does not
 * see how large it is.
 */
public final class Adapter implements AutoCloseable {
    /** The adapter's file in the folder that a training writes. */
    public static final String FILE_NAME = AdapterKeys.FILE_NAME;

    private final LoadedAdapter loaded;
    private final List<String> remarks;

    Adapter(AdapterWeights weights) {
        this(weights, List.of());
    }

    private Adapter(AdapterWeights weights, List<String> remarks) {
        this.loaded = new LoadedAdapter(weights);
        this.remarks = List.copyOf(remarks);
    }

    /**
     * Reads a GGUF LoRA adapter, as Chaku and llama.cpp's converters write it.
     *
     * @param path the file, or a folder that holds {@value #FILE_NAME}
     * @return the adapter
     * @throws BadInputException if there is none, or it is damaged
     */
    public static Adapter load(Path path) {
        return new Adapter(GgufAdapters.read(fileAt(path)));
    }

    /**
     * {@return an adapter of random values for every linear layer of attention and feed-forward: it means nothing, its
     * speed is that of a trained one}
     *
     * @param base the model to be worn by
     * @param rank of its matrices, at least 1
     * @param seed decides all values
     */
    public static Adapter random(Model base, int rank, long seed) {
        return new Adapter(RandomAdapter.weights(base.spec(), rank, seed));
    }

    /** The GGUF file that a path means: itself, or that of a training's folder. */
    static Path fileAt(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
        if (file != path && !Files.exists(file) && PeftAdapters.isPeft(path)) {
            throw new BadInputException(path + ": expected a GGUF adapter, found one of "
                    + (PeftAdapters.isMlx(path) ? "mlx-lm" : "PEFT") + "; import it for its base first");
        }
        if (file != path && !Files.isRegularFile(file)) {
            throw new BadInputException(path + ": expected a folder with " + FILE_NAME + " in it, found none there");
        }
        return file;
    }

    /**
     * Reads a GGUF LoRA adapter that is named as on the command line: by its path, or by a version of the user's
     * registry such as {@code support@3}, {@code support@production} or {@code support}.
     *
     * @param adapter a path, which goes first where something is there, or a reference, see
     *     {@link dev.chaku.registry.AdapterReference}
     * @return the adapter
     * @throws BadInputException if there is none, or it is damaged
     */
    public static Adapter load(String adapter) {
        return AdapterReference.isPath(adapter) || !AdapterReference.looksLikeOne(adapter)
                ? load(Path.of(adapter))
                : load(adapter, AdapterRegistry.ofUser());
    }

    /**
     * Reads a GGUF LoRA adapter that is named by its path, or by a version of a registry.
     *
     * @param adapter a path, which goes first where something is there, or a reference
     * @param registry where to look for the version
     * @return the adapter
     * @throws BadInputException if there is none, or it is damaged
     */
    public static Adapter load(String adapter, AdapterRegistry registry) {
        return load(registry.locate(adapter));
    }

    /**
     * Reads a LoRA adapter as Hugging Face's PEFT writes it: a folder with {@code adapter_config.json} and
     * {@code adapter_model.safetensors}.
     *
     * @param folder a folder with adapter_config.json and adapter_model.safetensors
     * @param base what it will be worn over: its family decides the order of rows
     * @return the adapter
     * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than a LoRA
     *     file can say (DoRA, saved modules, trained embeddings or biases)
     */
    public static Adapter loadPeft(Path folder, Model base) {
        return read(folder, AdapterBase.of(base));
    }

    /**
     * Reads an adapter in whatever format it stands: a GGUF file or the folder of a training, a folder of Hugging
     * Face's PEFT, or one of mlx-lm.
     *
     * @param path a file or folder
     * @param base what it is for: its family decides names and the order of rows of what is no GGUF file
     * @return the adapter
     * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than a LoRA
     *     file can say
     */
    public static Adapter read(Path path, AdapterBase base) {
        if (AdapterFormat.of(path) == AdapterFormat.GGUF) {
            Adapter adapter = load(path);
            adapter.weights().requireFits(base.spec(), base.toString());
            return adapter;
        }
        // As files of this base hold it: one pair for each of its tensors.
        PeftAdapters.Read read = PeftAdapters.read(path, base.spec(), base.toString());
        return new Adapter(read.weights().joined(base.spec()), read.remarks());
    }

    /**
     * Writes a new folder that PEFT reads.
     *
     * @param folder a folder with adapter_config.json and adapter_model.safetensors
     * @param base the model that it is worn over
     * @throws BadInputException if the folder exists, or the adapter belongs to another base
     * @throws ResourceException if the disk is full; nothing is left behind
     */
    public void savePeft(Path folder, Model base) {
        savePeft(folder, AdapterBase.of(base));
    }

    /**
     * Writes a new folder that PEFT reads.
     *
     * @param folder a folder with adapter_config.json and adapter_model.safetensors
     * @param base the model that it is worn over
     * @throws BadInputException if the folder exists, or the adapter belongs to another base
     * @throws ResourceException if the disk is full; nothing is left behind
     */
    public void savePeft(Path folder, AdapterBase base) {
        PeftAdapters.write(folder, weights(), base.spec());
    }

    /**
     * Writes a GGUF LoRA adapter that llama.cpp reads too, as a new file.
     *
     * @param path a GGUF file of an adapter
     * @throws BadInputException if the file exists
     * @throws ResourceException if the disk is full; nothing is left behind
     */
    public void save(Path path) {
        save(path, false);
    }

    /**
     * Writes a GGUF LoRA adapter that llama.cpp reads too.
     *
     * @param path a GGUF file of an adapter
     * @param overwrite whether to replace a file that is there, when the new one is whole
     * @throws BadInputException if the file exists and is not to be replaced
     * @throws ResourceException if the disk is full; nothing is left behind, and what was there stays
     */
    public void save(Path path, boolean overwrite) {
        AdapterWeights all = weights();
        Map<String, GgufValue> extra = new LinkedHashMap<>(all.metadata().asMap());
        extra.keySet()
                .removeIf(key -> key.startsWith("adapter.")
                        || key.equals("general.type")
                        || key.equals("general.architecture")
                        || key.equals("general.alignment"));
        GgufAdapters.write(path, all.architecture(), all.alpha(), all.pairs(), all.saved(), extra, overwrite);
    }

    /** {@return the family of its base, for instance {@code llama}} */
    public String architecture() {
        return weights().architecture();
    }

    /** {@return alpha: the scale of a product is alpha / its rank} */
    public float alpha() {
        return weights().alpha();
    }

    /** {@return the largest rank of its products} */
    public int rank() {
        return rank(weights());
    }

    private static int rank(AdapterWeights weights) {
        return weights.pairs().stream().mapToInt(LoraPair::rank).max().orElse(0);
    }

    /**
     * {@return the settings of a training that goes on from it, see {@link Trainer#from}: its largest rank, its alpha
     * and what it adapts}
     *
     * @param base a model of the shape of its base
     * @throws BadInputException if it does not fit, or adapts what no training does
     */
    public LoraConfig lora(Model base) {
        weights().requireFits(base.spec());
        return new StartingAdapter(weights().source(), weights()).lora(base.base());
    }

    /** {@return the number of products that it adapts} */
    public int adaptedProducts() {
        return weights().pairs().size();
    }

    /** {@return the number of values in all A and B, and in what was trained whole} */
    public long parameterCount() {
        AdapterWeights all = weights();
        long saved = 0;
        for (SavedWeight weight : SavedWeight.isOne(all.saved()) ? all.saved().subList(0, 1) : all.saved()) {
            saved += weight.values().length;
        }
        return saved + all.pairs().stream().mapToLong(LoraPair::parameters).sum();
    }

    /**
     * {@return the modules that were trained whole, which take the place of the base's where it is worn or merged} Such
     * an adapter is worn with scale 1.
     */
    public Set<SavedModule> saved() {
        Set<SavedModule> saved = EnumSet.noneOf(SavedModule.class);
        weights()
                .saved()
                .forEach(weight -> saved.add(
                        weight.place().module() == DecoderModule.OUTPUT
                                ? SavedModule.OUTPUT
                                : SavedModule.TOKEN_EMBEDDINGS));
        return saved;
    }

    /**
     * {@return whether it was trained on this very model file, as its file says; empty where it does not say, or the
     * model has no file} Over another file, even the same model in another format, it gives other answers than in
     * training.
     *
     * @param base the model that the adapter is for
     * @throws BadInputException if the model's file cannot be read
     */
    public Optional<Boolean> isTrainedOn(Model base) {
        return AdapterBase.of(base).isFileOf(weights().metadata());
    }

    /**
     * {@return how it goes with a base whose family and shapes it has}
     *
     * @param base what it is to be worn over or merged into
     * @throws BadInputException if family, layers, a shape or the size of the vocabulary differ: the message names both
     *     sides; or the base's file cannot be read
     */
    public AdapterFit fit(AdapterBase base) {
        AdapterWeights all = weights();
        all.requireFits(base.spec(), base.toString());
        return new AdapterFit(
                toString(),
                base.toString(),
                trainedOn(),
                base.isFileOf(all.metadata()),
                base.hasVocabularyOf(all.metadata()));
    }

    /** {@return the name of the file that it was trained on, where its own file says it} */
    public Optional<String> trainedOn() {
        return weights().metadata().findString(AdapterKeys.FILE);
    }

    /**
     * {@return whether it was trained on conversations, as its file says: it then expects prompts that a chat template
     * wrote} False too where the file does not say.
     */
    public boolean isTrainedOnConversations() {
        return weights().metadata().findBool(AdapterKeys.CONVERSATIONS).orElse(false);
    }

    /** {@return what its files held beside it that changes nothing, one sentence each} */
    public List<String> remarks() {
        return remarks;
    }

    /** {@return the key values of its file} */
    public GgufMetadata metadata() {
        return weights().metadata();
    }

    /** {@return whether {@link #close} was called} */
    public boolean isClosed() {
        return loaded.isClosed();
    }

    /** Lets go of its memory; generations that wear it keep theirs until they end. Idempotent, from any thread. */
    @Override
    public void close() {
        loaded.close();
    }

    LoadedAdapter loaded() {
        return loaded;
    }

    AdapterWeights weights() {
        return loaded.weights();
    }

    @Override
    public String toString() {
        return loaded.ifOpen()
                .map(open -> loaded.source() + " (" + open.architecture() + ", rank " + rank(open) + ", "
                        + open.pairs().size() + " products)")
                .orElse(loaded.source() + " (closed)");
    }
}
