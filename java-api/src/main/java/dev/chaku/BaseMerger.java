package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.adapter.PeftAdapters;
import dev.chaku.internal.adapter.WholeWeight;
import dev.chaku.internal.adapter.merge.BaseMerge;
import dev.chaku.internal.adapter.merge.MergeLineage;
import dev.chaku.internal.adapter.merge.MergeSums;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.model.WornAdapters;
import dev.chaku.internal.quantize.ImportanceMatrix;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import dev.chaku.merge.OutputRank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Merges adapters into the weights of a base: the new model needs no adapter. Tensor by tensor, in the formats of the
 * base or others, in a memory of the adapters and a few rows. What no adapter changes keeps its bytes; the key values
 * gain {@code chaku.merge.*}, which say what was merged. An adapter of the output projection of a base whose embedding
 * serves as one gives the merged model an output projection of its own.
 *
 * <p>Where the base is quantized the sums are too, and a small change may be lost in it. The report says how much of
 * each tensor's change is left and, with {@link #data}, how much of what the adapters gain. The bytes do not depend on
 * the number of threads. Not thread-safe.
 */
public final class BaseMerger {
    private static final long DATA_TOKENS = 16_384;

    private record Worn(Adapter adapter, double scale) {}

    private record DeltaFile(Path file, OutputRank rank) {}

    private final Path base;
    private final List<Worn> adapters = new ArrayList<>();
    private final List<Path> folders = new ArrayList<>();
    private MergeRounding rounding = MergeRounding.CHANGE;
    private @Nullable WeightFormat format;
    private @Nullable Path importance;
    private @Nullable Dataset data;
    private @Nullable ChatRenderer chat;
    private @Nullable DeltaFile delta;
    private long dataTokens = DATA_TOKENS;
    private BiConsumer<Integer, Integer> deltaListener = (done, all) -> {};
    private BiConsumer<Integer, Integer> trialListener = (done, all) -> {};
    private boolean force;
    private boolean overwrite;
    private ModelOptions options = ModelOptions.defaults();

    private BaseMerger(Path base) {
        this.base = base;
    }

    /**
     * {@return a merger into a base}
     *
     * @param base a GGUF file; of a split model, any part
     */
    public static BaseMerger into(Path base) {
        return new BaseMerger(base);
    }

    /**
     * Merges an adapter too.
     *
     * @param adapter one that is open
     * @param scale multiplies what it adds; 1 for as it was trained
     * @return this
     * @throws BadInputException if the scale is not finite
     */
    public BaseMerger add(Adapter adapter, double scale) {
        if (!Double.isFinite(scale)) {
            throw BadInputException.ofSetting("adapter scale", "a finite number", scale);
        }
        adapters.add(new Worn(Objects.requireNonNull(adapter, "adapter"), scale));
        return this;
    }

    /**
     * Merges what Hugging Face's PEFT left in a folder, also what no adapter can be that is worn: DoRA, which gives
     * each row of a merged weight its length; a trained embedding or output projection ({@code modules_to_save}), which
     * takes the place of the base's; trained rows of some tokens.
     *
     * @param folder with adapter_config.json and adapter_model.safetensors
     * @return this
     */
    public BaseMerger add(Path folder) {
        folders.add(folder);
        return this;
    }

    /**
     * The formats of the tensors that change; those that they have unless set.
     *
     * @param newFormat the mix
     * @return this
     */
    public BaseMerger format(WeightFormat newFormat) {
        format = newFormat;
        return this;
    }

    /**
     * A file with the importance of columns, see {@link Quantizer#importance}; without, all weigh alike.
     *
     * @param file in our layout or llama.cpp's
     * @return this
     */
    public BaseMerger importance(Path file) {
        importance = file;
        return this;
    }

    /**
     * Data on which base, base with adapters and merged model are compared, see {@link BaseMergeReport#trial}.
     *
     * @param sample of the kind that the adapters were trained for
     * @return this
     */
    public BaseMerger data(Dataset sample) {
        data = sample;
        return this;
    }

    /**
     * How conversations of the data become text, in place of the base's own chat template.
     *
     * @param renderer writes conversations as text
     * @return this
     */
    public BaseMerger chat(ChatRenderer renderer) {
        chat = renderer;
        return this;
    }

    /**
     * Stops reading the data after so many tokens; 16,384 unless set.
     *
     * @param tokens at least 1
     * @return this
     * @throws BadInputException if it is less than 1
     */
    public BaseMerger dataTokens(long tokens) {
        if (tokens < 1) {
            throw BadInputException.ofSetting("data tokens", "at least 1", tokens);
        }
        dataTokens = tokens;
        return this;
    }

    /**
     * How sums become blocks; {@link MergeRounding#CHANGE} unless set.
     *
     * @param newRounding the way
     * @return this
     */
    public BaseMerger rounding(MergeRounding newRounding) {
        rounding = newRounding;
        return this;
    }

    /**
     * Writes what rounding lost as an adapter too, to be worn over the merged model. It is written when the merged
     * model is in its place, and not at all where nothing was lost.
     *
     * @param file of a GGUF adapter
     * @param rank of its products; by energy: of the loss, by the importance of columns where that is known
     * @return this
     */
    public BaseMerger keepDelta(Path file, OutputRank rank) {
        delta = new DeltaFile(file, rank);
        return this;
    }

    /**
     * Tells of how many tensors the loss was kept, and of how many it will be.
     *
     * @param listener called from the calling thread
     * @return this
     */
    public BaseMerger onDelta(BiConsumer<Integer, Integer> listener) {
        deltaListener = listener;
        return this;
    }

    /**
     * Tells how many examples were compared, and of how many.
     *
     * @param listener called from the calling thread
     * @return this
     */
    public BaseMerger onTrial(BiConsumer<Integer, Integer> listener) {
        trialListener = listener;
        return this;
    }

    /**
     * Whether adapters that were trained on another file are merged where their shapes fit. They are not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public BaseMerger force(boolean on) {
        force = on;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public BaseMerger overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * How the models are opened that are compared on data; its threads are the merger's too.
     *
     * @param newOptions the settings, see there for the defaults
     * @return this
     */
    public BaseMerger options(ModelOptions newOptions) {
        options = newOptions;
        return this;
    }

    /**
     * Writes the merged model without telling anybody how far it is, see {@link #write(Path, Consumer)}.
     *
     * @param target the file to write
     * @return what was written
     */
    public BaseMergeReport write(Path target) {
        return write(target, progress -> {});
    }

    /**
     * Writes the merged model, whole or not at all, and compares it where there are data.
     *
     * @param target the file to write
     * @param listener told of the progress from the calling thread, many times a second
     * @return what was written
     * @throws BadInputException if there is no adapter, one was made for another base, the base has a format that
     *     cannot be written, the new file exists, or a merged weight is too large for its format
     * @throws ResourceException if the disk does not suffice
     * @throws OperationCancelledException if the thread is interrupted; nothing is left behind
     */
    public BaseMergeReport write(Path target, Consumer<FileProgress> listener) {
        AdapterBase into = AdapterBase.read(base);
        GgufFile file = into.file().orElseThrow();
        check(target, into);
        List<BaseMerge.Worn> worn = new ArrayList<>();
        List<WholeWeight> wholes = new ArrayList<>();
        adapters.forEach(one -> worn.add(new BaseMerge.Worn(one.adapter().weights(), one.scale())));
        for (Path folder : folders) {
            PeftAdapters.Whole whole = PeftAdapters.readWhole(folder, into.spec(), into.toString());
            worn.add(new BaseMerge.Worn(whole.weights(), 1));
            wholes.addAll(whole.wholes());
        }
        BaseMerge merge = BaseMerge.of(
                file,
                into.spec(),
                worn,
                new BaseMerge.Settings(
                        Optional.ofNullable(format).map(WeightFormat::mix),
                        Optional.ofNullable(importance).map(ImportanceMatrix::read),
                        rounding == MergeRounding.CHANGE,
                        options.threads()));
        merge.with(wholes);
        GgufWriter writer = GgufWriter.to(target).overwrite(overwrite).putAll(file.metadata());
        MergeLineage.describe(writer, file, worn, settings());
        if (format != null) {
            writer.put("general.file_type", format.mix().fileType());
        }
        List<BaseMerge.Tensor> tensors = merge.write(writer, FileProgress.to(listener));
        Optional<BaseMergeReport.Delta> kept = keep(merge, target);
        return report(merge, tensors, size(target), kept, compare(target, kept.isPresent()));
    }

    private void check(Path target, AdapterBase into) {
        if (adapters.isEmpty() && folders.isEmpty()) {
            throw new BadInputException("merge: expected at least one adapter, found none");
        }
        NewFile.at(target).overwrite(overwrite).inputs(inputs()).check();
        if (delta != null) {
            NewFile.at(delta.file()).overwrite(overwrite).inputs(inputs()).check();
            if (NewFile.isSame(target, delta.file())) {
                throw new BadInputException(
                        target + ": expected different files for different outputs, found the same twice");
            }
        }
        for (Worn worn : adapters) {
            AdapterFit fit = worn.adapter().fit(into);
            if (!force) {
                fit.require();
            }
            if (data != null) {
                worn.adapter().weights().requireWearable();
            }
        }
        if (data != null && !folders.isEmpty()) {
            throw new BadInputException(
                    folders.get(0) + ": expected an adapter that can be worn, as data compare with, found a folder");
        }
    }

    private List<Path> inputs() {
        return Stream.of(
                        Stream.of(base),
                        Stream.ofNullable(importance),
                        folders.stream(),
                        adapters.stream()
                                .map(worn -> Path.of(worn.adapter().loaded().source())))
                .flatMap(paths -> paths)
                .toList();
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("type", format == null ? "base" : format.label());
        settings.put("rounding", rounding.label());
        if (importance != null) {
            settings.put("imatrix", importance.getFileName().toString());
        }
        return settings;
    }

    private WornAdapters worn(Model model) {
        WornAdapters worn = new WornAdapters(model.loaded());
        adapters.forEach(one -> worn.add(one.adapter().loaded(), one.scale()));
        return worn;
    }

    private Optional<BaseMergeReport.Delta> keep(BaseMerge merge, Path target) {
        if (delta == null) {
            return Optional.empty();
        }
        GgufFile merged = GgufFile.read(target);
        List<LoraPair> pairs = merge.keep(merged, delta.rank(), deltaListener);
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        MergeLineage.writeDelta(delta.file(), merged, pairs, overwrite);
        return Optional.of(new BaseMergeReport.Delta(
                pairs.stream().mapToInt(LoraPair::rank).max().orElse(0),
                pairs.size(),
                pairs.stream().mapToLong(LoraPair::parameters).sum()));
    }

    private Optional<BaseMergeReport.Trial> compare(Path target, boolean withDelta) {
        if (data == null) {
            return Optional.empty();
        }
        Adapter rest = withDelta && delta != null ? Adapter.load(delta.file()) : null;
        try (Model model = Model.open(base, options)) {
            return Optional.of(MergeTrial.run(
                    model,
                    worn(model),
                    target,
                    rest,
                    MergeTrial.examples(model, chat, data, dataTokens),
                    trialListener));
        } finally {
            if (rest != null) {
                rest.close();
            }
        }
    }

    private static BaseMergeReport report(
            BaseMerge merge,
            List<BaseMerge.Tensor> tensors,
            long bytes,
            Optional<BaseMergeReport.Delta> kept,
            Optional<BaseMergeReport.Trial> trial) {
        MergeSums sums = tensors.stream().map(BaseMerge.Tensor::sums).reduce(MergeSums.NONE, MergeSums::plus);
        BaseMergeReport report = new BaseMergeReport(
                tensors.stream().map(BaseMerger::describe).toList(),
                bytes,
                merge.unties(),
                sums.kept(),
                trial,
                kept,
                Optional.empty());
        return !report.isLossy()
                ? report
                : new BaseMergeReport(report.tensors(), bytes, merge.unties(), sums.kept(), trial, kept, advice(merge));
    }

    private static Optional<BaseMergeReport.Advice> advice(BaseMerge merge) {
        return merge.advise(BaseMergeReport.ENOUGH)
                .map(found -> new BaseMergeReport.Advice(
                        WeightFormat.parse(found.mix().label()), found.kept()));
    }

    private static BaseMergeReport.Tensor describe(BaseMerge.Tensor tensor) {
        return new BaseMergeReport.Tensor(
                tensor.name(),
                tensor.from(),
                tensor.to(),
                tensor.bytes(),
                tensor.sums().kept(),
                tensor.sums().error());
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }
}
