package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.MixerOptions;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import java.util.List;
import java.util.OptionalLong;

/**
 * Adapters between the orders of Hugging Face and GGUF: W's rows are B's, its columns are A's. A module that is several
 * products here gives each its rows of B; together they are one pair again, As stacked and Bs beside each other, as
 * {@link FusedProducts} joins pairs.
 */
final class PeftRows {
    private PeftRows() {}

    /**
     * A product's pair out of the module's, or nothing if it adds nothing to that product.
     *
     * @param source of the adapter, for messages
     * @throws BadInputException if the module's pair does not fit the base
     */
    static List<LoraPair> toGguf(
            LoraPair pair, ModuleNames.Module module, Place place, DecoderSpec spec, String source) {
        OptionalLong known = rows(place, spec);
        boolean moves = module.rows() != RowOrder.AS_IS || module.columns() != RowOrder.AS_IS;
        if (!moves || known.isEmpty()) {
            return List.of(new LoraPair(place, pair.rank(), pair.inputs(), pair.outputs(), pair.a(), pair.b()));
        }
        RowOrder.Sizes sizes = sizes(spec, place.layer());
        int rows = Math.toIntExact(known.getAsLong());
        long expected = module.rows().huggingFaceRows(rows, sizes);
        long columns = columns(place, spec);
        if (pair.outputs() != expected || pair.inputs() != columns) {
            throw new BadInputException(source + ": adapter for another base: module " + module.name() + " of layer "
                    + place.layer() + " expects " + columns + " inputs and " + expected + " outputs, found "
                    + pair.inputs() + " and " + pair.outputs());
        }
        int rank = pair.rank();
        float[] a = new float[pair.a().length];
        for (int r = 0; r < rank; r++) {
            for (int c = 0; c < pair.inputs(); c++) {
                a[r * pair.inputs() + c] =
                        pair.a()[r * pair.inputs() + (int) module.columns().huggingFaceRow(c, columns, sizes)];
            }
        }
        float[] b = new float[rows * rank];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(
                    pair.b(), (int) module.rows().huggingFaceRow(row, rows, sizes) * rank, b, row * rank, rank);
        }
        LoraPair moved = new LoraPair(place, rank, pair.inputs(), rows, a, b);
        return expected == rows
                ? List.of(moved)
                : FusedProducts.withoutZeros(moved).stream().toList();
    }

    /** The pair of a module out of those of its products, which are one or more. */
    static LoraPair toHuggingFace(List<LoraPair> pairs, ModuleNames names, DecoderSpec spec) {
        LoraPair first = pairs.get(0);
        RowOrder.Sizes sizes = sizes(spec, first.place().layer());
        ModuleNames.Module module = names.find(first.place().module()).orElseThrow();
        int rank = pairs.stream().mapToInt(LoraPair::rank).sum();
        int inputs = first.inputs();
        int outputs = Math.toIntExact(module.rows().huggingFaceRows(first.outputs(), sizes));
        float[] a = new float[rank * inputs];
        float[] b = new float[outputs * rank];
        int at = 0;
        for (LoraPair pair : pairs) {
            ModuleNames.Module own = names.find(pair.place().module()).orElseThrow();
            for (int r = 0; r < pair.rank(); r++) {
                for (int c = 0; c < inputs; c++) {
                    a[(at + r) * inputs + (int) own.columns().huggingFaceRow(c, inputs, sizes)] =
                            pair.a()[r * inputs + c];
                }
            }
            for (int row = 0; row < pair.outputs(); row++) {
                int to = (int) own.rows().huggingFaceRow(row, pair.outputs(), sizes) * rank + at;
                for (int r = 0; r < pair.rank(); r++) {
                    double value = pair.b()[row * pair.rank() + r];
                    b[to + r] = (float) (value * rank / pair.rank());
                }
            }
            at += pair.rank();
        }
        return new LoraPair(first.place(), rank, inputs, outputs, a, b);
    }

    /** Rows of a product in the file; nothing if the base has no such product. */
    private static OptionalLong rows(Place place, DecoderSpec spec) {
        List<DecoderSpec.Shape> parts = parts(place, spec);
        return parts.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(
                        parts.stream().mapToLong(DecoderSpec.Shape::rows).sum());
    }

    private static long columns(Place place, DecoderSpec spec) {
        return parts(place, spec).get(0).columns();
    }

    private static List<DecoderSpec.Shape> parts(Place place, DecoderSpec spec) {
        List<DecoderModule> modules = place.module() == DecoderModule.ATTN_QKV
                ? List.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V)
                : List.of(place.module());
        return modules.stream()
                .flatMap(module -> spec.product(module.at(place.layer())).stream())
                .toList();
    }

    /** What the orders of a layer depend on; those of no layer depend on nothing. */
    private static RowOrder.Sizes sizes(DecoderSpec spec, int layer) {
        LayerOptions options = spec.layers().get(Math.max(0, layer));
        MixerOptions mixer = options.mixer();
        return mixer == null
                ? new RowOrder.Sizes(options.heads(), options.kvHeads(), options.headDim(), 0, 0, 0, 0)
                : new RowOrder.Sizes(
                        options.heads(),
                        options.kvHeads(),
                        options.headDim(),
                        mixer.keyHeads(),
                        mixer.valueHeads(),
                        mixer.keyDim(),
                        mixer.valueDim());
    }
}
