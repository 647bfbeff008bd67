package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.WholeWeight;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LatentOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.engine.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which tensors of a base adapters change, and by what. A pair is for the tensor of its name; where the base has its
 * product under another name, or in one tensor with others, for those rows. A pair of the output projection or of the
 * embedding, where one tensor is both, unties them: the merged model gets an output projection of its own, as the other
 * is not to change with it.
 */
final class MergePlacement {
    /** The tensor that an untied model gains. */
    static final String OUTPUT = "output.weight";

    private static final String EMBEDDING = "token_embd.weight";

    private final GgufFile base;
    private final DecoderSpec spec;
    private final Map<String, List<LowRankTerm>> terms = new LinkedHashMap<>();
    private final Map<String, List<RowChange>> changes = new LinkedHashMap<>();
    private boolean replacedAtBothEnds;

    /** @param scale what the adapter is worn with; 1 as it was trained */
    record Worn(AdapterWeights adapter, double scale) {}

    private MergePlacement(GgufFile base, DecoderSpec spec) {
        this.base = base;
        this.spec = spec;
    }

    /**
     * Places adapters.
     *
     * @throws BadInputException if one was made for another base, or for a part of a tensor that serves twice
     */
    static MergePlacement of(GgufFile base, DecoderSpec spec, List<Worn> adapters) {
        MergePlacement placement = new MergePlacement(base, spec);
        for (Worn worn : adapters) {
            worn.adapter().requireFits(spec);
            for (LoraPair pair : worn.adapter().pairs()) {
                placement.place(worn, pair);
            }
        }
        adapters.forEach(worn -> placement.replace(worn.adapter(), worn.scale()));
        return placement;
    }

    /** What becomes of a tensor's rows once all is added. */
    List<RowChange> changes(String name) {
        return changes.getOrDefault(name, List.of());
    }

    /**
     * Places the weights that an adapter has in place of the base's.
     *
     * @param scale what the adapter is worn with
     * @throws BadInputException if another has taken the place of a weight, or the scale is not 1
     */
    void replace(AdapterWeights adapter, double scale) {
        List<SavedWeight> saved = adapter.saved();
        for (SavedWeight weight : saved) {
            String name = weight.place().name() + ".weight";
            if (scale != 1) {
                throw new BadInputException(adapter.source() + ": tensor " + name
                        + ": expected scale 1 of an adapter that replaces a weight, found " + scale);
            }
            if (changes.containsKey(name)) {
                throw new BadInputException(adapter.source() + ": tensor " + name
                        + ": expected one adapter that replaces it, found a second one");
            }
        }
        place(saved.stream()
                .<WholeWeight>map(weight -> new WholeWeight.Replaced(weight.place(), new WholeWeight.Rows(weight)))
                .toList());
    }

    /** Whether wholes put one matrix in place of one that is embedding and output projection, to which nothing adds. */
    private boolean keepOneMatrix(List<WholeWeight> wholes) {
        if (base.findTensor(OUTPUT).isPresent() || terms.containsKey(OUTPUT) || terms.containsKey(EMBEDDING)) {
            return false;
        }
        List<WholeWeight.Replaced> outside = wholes.stream()
                .filter(WholeWeight.Replaced.class::isInstance)
                .map(WholeWeight.Replaced.class::cast)
                .toList();
        return outside.size() == 2
                && !outside.get(0).place().equals(outside.get(1).place())
                && outside.get(0).rows().isSame(outside.get(1).rows());
    }

    /**
     * Places what an adapter says of whole weights. Where one matrix is embedding and output projection, and the
     * adapter has one for both, it stays one.
     *
     * @throws BadInputException if the base has no such weight
     */
    void place(List<WholeWeight> wholes) {
        boolean one = keepOneMatrix(wholes);
        replacedAtBothEnds |= one;
        for (WholeWeight whole : wholes) {
            if (one && whole.place().module() == DecoderModule.OUTPUT) {
                continue;
            }
            Optional<TensorSpec> tensor = spec.weight(whole.place());
            boolean outside = !whole.place().module().inLayers();
            if (tensor.isEmpty() && !outside) {
                throw new BadInputException(base.path() + ": expected a tensor "
                        + whole.place().name() + ".weight, of which the adapter says more, found none");
            }
            String name =
                    tensor.isPresent() ? tensor.get().name() : whole.place().name() + ".weight";
            RowChange change;
            if (whole instanceof WholeWeight.Lengths lengths) {
                change = new RowChange.Lengths(
                        base.path() + ": tensor " + name, lengths, LowRankTerm.Rows.of(tensor.orElseThrow()));
            } else if (whole instanceof WholeWeight.Replaced replaced) {
                change = new RowChange.Replaced(replaced.rows());
            } else {
                change = new RowChange.Tokens((WholeWeight.Tokens) whole);
            }
            terms.computeIfAbsent(name, unused -> new ArrayList<>());
            changes.computeIfAbsent(name, unused -> new ArrayList<>()).add(change);
        }
    }

    /** By tensor of the merged file; none of a tensor that stays as it is. */
    Map<String, List<LowRankTerm>> terms() {
        return terms;
    }

    /** The tensor of the base that a tensor of the merged file comes from. */
    GgufTensor source(String name) {
        return unties() && name.equals(OUTPUT) ? base.requireTensor(EMBEDDING) : base.requireTensor(name);
    }

    /** Whether the merged file has an output projection that the base does not have. */
    boolean unties() {
        return !replacedAtBothEnds
                && base.findTensor(OUTPUT).isEmpty()
                && (terms.containsKey(OUTPUT) || terms.containsKey(EMBEDDING));
    }

    private void place(Worn worn, LoraPair pair) {
        double scale = worn.scale() * worn.adapter().alpha() / pair.rank();
        if (pair.place().module() == DecoderModule.ATTN_KV_B) {
            placeLatent(pair, scale);
            return;
        }
        String name = pair.place().name() + ".weight";
        Optional<GgufTensor> tensor = base.findTensor(name);
        if (tensor.isPresent() && isWhole(tensor.get(), pair)) {
            addWhole(name, pair, scale);
            return;
        }
        Place place = pair.place();
        Optional<TensorSpec> part = spec.weight(place);
        if (part.isPresent()) {
            requireAlone(worn, place, part.get());
            add(
                    part.get().name(),
                    new LowRankTerm(
                            scale,
                            pair.rank(),
                            pair.inputs(),
                            pair.b(),
                            0,
                            pair.a(),
                            0,
                            LowRankTerm.Rows.of(part.get())));
        } else if (place.module() == DecoderModule.OUTPUT) {
            addWhole(OUTPUT, pair, scale);
        } else {
            throw new BadInputException(worn.adapter().source() + ": tensor " + name + ".lora_a: expected a tensor "
                    + name + " of " + base.path() + " to merge it into, found none");
        }
    }

    private static boolean isWhole(GgufTensor tensor, LoraPair pair) {
        return tensor.dim(0) == pair.inputs()
                && tensor.elements() / tensor.dim(0) == (long) pair.outputs() * pair.experts();
    }

    private void addWhole(String name, LoraPair pair, double scale) {
        for (int e = 0; e < pair.experts(); e++) {
            LowRankTerm.Rows rows = new LowRankTerm.Rows((long) e * pair.outputs(), pair.outputs(), 0);
            int firstC = e * pair.outputs() * pair.rank();
            int firstD = e * pair.rank() * pair.inputs();
            add(name, new LowRankTerm(scale, pair.rank(), pair.inputs(), pair.b(), firstC, pair.a(), firstD, rows));
        }
    }

    /** Of each head keys and values: of the keys, whose matrices lie transposed, the factors change their roles. */
    private void placeLatent(LoraPair pair, double scale) {
        int layer = pair.place().layer();
        LatentOptions latent = spec.layers().get(layer).latent();
        if (latent == null) {
            throw new IllegalStateException(pair.place().name() + ": expected a base with latents");
        }
        int heads = spec.layers().get(layer).heads();
        int rank = pair.rank();
        String keys = DecoderModule.ATTN_K_B.at(layer).name() + ".weight";
        String values = DecoderModule.ATTN_V_B.at(layer).name() + ".weight";
        float[] aByColumn = transposed(pair.a(), 0, rank, latent.rank());
        for (int h = 0; h < heads; h++) {
            int first = h * (latent.plainDim() + latent.valueDim());
            float[] directions = transposed(pair.b(), first * rank, latent.plainDim(), rank);
            LowRankTerm.Rows keyRows = new LowRankTerm.Rows((long) h * latent.rank(), latent.rank(), 0);
            add(keys, new LowRankTerm(scale, rank, latent.plainDim(), aByColumn, 0, directions, 0, keyRows));
            LowRankTerm.Rows valueRows = new LowRankTerm.Rows((long) h * latent.valueDim(), latent.valueDim(), 0);
            int firstValue = (first + latent.plainDim()) * rank;
            add(values, new LowRankTerm(scale, rank, latent.rank(), pair.b(), firstValue, pair.a(), 0, valueRows));
        }
    }

    private static float[] transposed(float[] matrix, int from, int rows, int columns) {
        float[] result = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                result[column * rows + row] = matrix[from + row * columns + column];
            }
        }
        return result;
    }

    /** A tensor that is two products at once cannot become what one adapter wants of one of them. */
    private void requireAlone(Worn worn, Place place, TensorSpec part) {
        for (TensorSpec other : spec.tensors()) {
            boolean sameRows = other.kind() == TensorSpec.Kind.WEIGHT
                    && !other.place().equals(place)
                    && other.name().equals(part.name())
                    && LowRankTerm.Rows.of(other).meets(LowRankTerm.Rows.of(part));
            if (sameRows) {
                throw new BadInputException(worn.adapter().source() + ": tensor " + place.name()
                        + ".weight.lora_a: expected a product with a tensor of its own, found that " + part.name()
                        + " of " + base.path() + " serves " + other.place().name()
                        + " too; wear the adapter instead");
            }
        }
    }

    private void add(String name, LowRankTerm term) {
        terms.computeIfAbsent(name, unused -> new ArrayList<>()).add(term);
    }
}
