package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.WholeWeight;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.ModelFacts;
import dev.chaku.internal.arch.TensorFormats;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.model.FileProgressMeter;
import dev.chaku.internal.quantize.ImportanceMatrix;
import dev.chaku.internal.quantize.OrderedParts;
import dev.chaku.internal.quantize.TensorEncoder;
import dev.chaku.merge.OutputRank;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Adds adapters to the weights of a base, tensor by tensor and a few rows at a time: what is in memory are the adapters
 * and some megabytes a thread. Tensors that nothing is added to are copied as they are. Not thread-safe.
 */
public final class BaseMerge {
    /** Elements of a part: enough work for a task, little memory. */
    private static final long PART_ELEMENTS = 1 << 17;

    /** Rows of a part at least, which the core rounds at once. */
    private static final long PART_ROWS = 64;

    private static final int DELTA_RANK = 16;

    private final GgufFile base;
    private final MergePlacement placement;
    private final Settings settings;

    /**
     * An adapter and what it is worn with.
     *
     * @param scale 1 as it was trained
     */
    public record Worn(AdapterWeights adapter, double scale) {}

    /**
     * How to merge.
     *
     * @param mix the formats of tensors that change; nothing for those that they have
     * @param importance of columns, if it is known
     * @param alongChange whether rounding is to be right along the adapters' directions
     * @param threads that compute; 0 for one per core
     */
    public record Settings(
            Optional<FormatMix> mix, Optional<ImportanceMatrix> importance, boolean alongChange, int threads) {}

    /**
     * What became of a tensor that changed.
     *
     * @param name in the merged file
     * @param from its format in the base
     * @param to its format
     * @param bytes its size
     * @param sums of all its values
     * @param weighted the same by the importance of columns
     */
    public record Tensor(String name, GgmlType from, GgmlType to, long bytes, MergeSums sums, MergeSums weighted) {}

    /** What a tensor that changes is to be. */
    private record Planned(
            String name, GgufTensor source, GgmlType to, List<LowRankTerm> terms, List<FloatBuffer> importance) {}

    private BaseMerge(GgufFile base, MergePlacement placement, Settings settings) {
        this.base = base;
        this.placement = placement;
        this.settings = settings;
    }

    /**
     * Places adapters on a base.
     *
     * @param spec what the base's family said of it
     * @throws BadInputException if one was made for another base
     */
    public static BaseMerge of(GgufFile base, DecoderSpec spec, List<Worn> adapters, Settings settings) {
        List<MergePlacement.Worn> worn = adapters.stream()
                .map(one -> new MergePlacement.Worn(one.adapter(), one.scale()))
                .toList();
        MergePlacement placement = MergePlacement.of(base, spec, worn);
        BaseMerge merge = new BaseMerge(base, placement, settings);
        merge.plan();
        return merge;
    }

    /**
     * Adds what adapters say of whole weights, which takes the place of sums or scales them.
     *
     * @throws BadInputException if the base has no such weight
     */
    public void with(List<WholeWeight> wholes) {
        placement.place(wholes);
        plan();
    }

    /** Whether the merged model has an output projection of its own where the base's embedding serves as one. */
    public boolean unties() {
        return placement.unties();
    }

    /** All elements of the merged file. */
    long elements() {
        long untied = unties() ? placement.source(MergePlacement.OUTPUT).elements() : 0;
        return base.tensors().stream().mapToLong(GgufTensor::elements).sum() + untied;
    }

    /** The tensors that change. */
    public Collection<String> changed() {
        return placement.terms().keySet();
    }

    private TensorFormats formats(FormatMix mix) {
        List<String> names =
                new ArrayList<>(base.tensors().stream().map(GgufTensor::name).toList());
        if (unties()) {
            names.add(MergePlacement.OUTPUT);
        }
        return new TensorFormats(
                mix,
                ModelFacts.of(base.metadata()),
                names,
                settings.importance().isPresent());
    }

    private static GgmlType type(TensorFormats formats, String name, GgufTensor tensor) {
        return TensorFormats.fitting(formats.of(name, tensor.dim(0), tensor.dim(2) > 1), tensor.dim(0));
    }

    private List<Planned> plan() {
        Optional<TensorFormats> formats = settings.mix().map(this::formats);
        List<Planned> planned = new ArrayList<>();
        placement.terms().forEach((name, terms) -> {
            GgufTensor source = placement.source(name);
            GgmlType to = formats.map(mix -> type(mix, name, source)).orElse(source.type());
            if (!TensorEncoder.canEncode(to)) {
                throw new BadInputException(base.path() + ": tensor " + source.name() + " is " + to
                        + ", which can be read, not written: choose the format of what changes, such as q4_k_m");
            }
            List<FloatBuffer> importance = settings.importance()
                    .filter(matrix -> source.name().equals(name))
                    .flatMap(matrix -> matrix.of(source))
                    .orElse(List.of());
            planned.add(new Planned(name, source, to, terms, importance));
        });
        return planned;
    }

    /**
     * Writes the merged model.
     *
     * @param writer of the file, which has its key values already
     * @param listener told of all elements as they are written
     * @return what became of the tensors that changed
     * @throws BadInputException if a merged value is not finite or too large for its format, or the file exists
     * @throws dev.chaku.errors.ResourceException if the disk does not suffice; nothing is left behind
     */
    public List<Tensor> write(GgufWriter writer, FileProgressMeter.Listener listener) {
        FileProgressMeter meter = new FileProgressMeter(elements(), listener);
        Map<String, Planned> changed = new LinkedHashMap<>();
        plan().forEach(planned -> changed.put(planned.name(), planned));
        List<Tensor> results = new ArrayList<>();
        try (OrderedParts<MergedPartSlot> parts =
                new OrderedParts<>(settings.threads(), "chaku-merge", MergedPartSlot::new)) {
            for (GgufTensor tensor : base.tensors()) {
                Planned planned = changed.get(tensor.name());
                if (planned == null) {
                    writer.tensor(
                            tensor.name(), tensor.type(), tensor.dims(), meter.watching(tensor, base.copyOf(tensor)));
                } else {
                    add(planned, writer, parts, meter, results);
                }
            }
            Planned output = changed.get(MergePlacement.OUTPUT);
            if (unties() && output != null) {
                add(output, writer, parts, meter, results);
            } else if (unties()) {
                GgufTensor copy = placement.source(MergePlacement.OUTPUT);
                writer.tensor(MergePlacement.OUTPUT, copy.type(), copy.dims(), meter.watching(copy, base.copyOf(copy)));
            }
            writer.write();
        }
        return results;
    }

    /**
     * Makes a pair for each tensor of what rounding lost of it, as far as an adapter can have one.
     *
     * @param merged as it was written
     * @param progress told of how many tensors it is done, and of how many it will be
     * @return those of which something was lost
     */
    public List<LoraPair> keep(GgufFile merged, OutputRank rank, BiConsumer<Integer, Integer> progress) {
        List<Planned> planned = plan();
        RankChoice choice = RankChoice.of(rank, DELTA_RANK, DELTA_RANK);
        KeptDelta delta = new KeptDelta(merged, choice);
        List<LoraPair> pairs = new ArrayList<>();
        for (int i = 0; i < planned.size(); i++) {
            Planned one = planned.get(i);
            KeptDelta.place(one.name()).ifPresent(place -> {
                delta.pair(
                                place,
                                new MergedTensor(base, one.source(), one.terms(), placement.changes(one.name())),
                                merged.requireTensor(one.name()),
                                one.importance())
                        .ifPresent(pairs::add);
            });
            progress.accept(i + 1, planned.size());
        }
        return pairs;
    }

    /** The smallest mix of larger formats that keeps a share of the change, by a sample of rows. */
    public Optional<FormatAdvice.Kept> advise(double share) {
        List<Planned> planned = plan();
        List<MergedTensor> tensors = planned.stream()
                .map(one -> new MergedTensor(base, one.source(), one.terms(), placement.changes(one.name())))
                .toList();
        long bytes = planned.stream()
                .mapToLong(one -> one.to().tensorBytes(one.source().dims()))
                .sum();
        return FormatAdvice.smallest(
                tensors,
                bytes,
                share,
                (mix, tensor) -> type(formats(mix), tensor.tensor().name(), tensor.tensor()));
    }

    private void add(
            Planned planned,
            GgufWriter writer,
            OrderedParts<MergedPartSlot> parts,
            FileProgressMeter meter,
            List<Tensor> results) {
        writer.tensor(planned.name(), planned.to(), planned.source().dims(), out -> {
            meter.begin(planned.name());
            results.add(write(planned, parts, out, meter));
        });
    }

    private Tensor write(
            Planned planned, OrderedParts<MergedPartSlot> parts, WritableByteChannel out, FileProgressMeter meter)
            throws IOException {
        MergedTensor tensor =
                new MergedTensor(base, planned.source(), planned.terms(), placement.changes(planned.name()));
        MergeSums[] sums = {MergeSums.NONE, MergeSums.NONE};
        parts.run(cut(planned, tensor), slot -> {
            out.write(slot.encoded());
            sums[0] = sums[0].plus(slot.sums());
            sums[1] = sums[1].plus(slot.weighted());
            meter.add(slot.elements());
        });
        return new Tensor(
                planned.name(),
                planned.source().type(),
                planned.to(),
                planned.to().tensorBytes(planned.source().dims()),
                sums[0],
                sums[1]);
    }

    /** Parts of rows that lie in one matrix, as importance is each matrix's own. */
    private Iterator<MergedPart> cut(Planned planned, MergedTensor tensor) {
        String name = base.path() + ": tensor " + planned.name();
        // What becomes of whole rows lies along no direction of the products.
        boolean alongTerms = settings.alongChange() && tensor.isSum();
        BlockRounding rounding = alongTerms ? ChangeRounding.of(planned.to(), tensor.terms()) : BlockRounding.PLAIN;
        long perMatrix = tensor.rows() / Math.max(1, planned.importance().size());
        long atOnce = Math.max(PART_ROWS, PART_ELEMENTS / tensor.columns() / PART_ROWS * PART_ROWS);
        return new Iterator<>() {
            private long row;

            @Override
            public boolean hasNext() {
                return row < tensor.rows();
            }

            @Override
            public MergedPart next() {
                int matrix = (int) (row / perMatrix);
                int count = (int) Math.min((matrix + 1) * perMatrix - row, atOnce);
                FloatBuffer importance = planned.importance().isEmpty()
                        ? null
                        : planned.importance().get(matrix);
                MergedPart part = new MergedPart(name, tensor, planned.to(), row, count, importance, rounding);
                row += count;
                return part;
            }
        };
    }
}
