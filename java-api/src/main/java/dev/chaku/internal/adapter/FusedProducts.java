package dev.chaku.internal.adapter;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Adapters of products that share one tensor of the base, such as query, key and value of phi3, or that have it under
 * another name. Files hold one pair for the whole tensor, the core one for each product. Splitting gives each product
 * all of A and its rows of B. Joining stacks the As and puts the Bs on a diagonal: the rank is the sum of theirs, and
 * since the scale of a pair is alpha / rank, each B grows by the ratio of ranks. What joining filled with zeros,
 * splitting takes away again.
 */
public final class FusedProducts {
    private FusedProducts() {}

    /** A pair for each product of the base; pairs that do not fit it stay as they are. */
    static List<LoraPair> split(List<LoraPair> pairs, DecoderSpec spec) {
        Map<String, List<TensorSpec>> shared = shared(spec);
        List<LoraPair> result = new ArrayList<>();
        for (LoraPair pair : pairs) {
            List<TensorSpec> parts = partsOf(pair, shared).orElse(List.of());
            if (parts.isEmpty()) {
                result.add(called(pair, spec, shared));
            }
            for (TensorSpec part : parts) {
                rows(pair, part).ifPresent(result::add);
            }
        }
        return result;
    }

    /** One pair for each tensor of the base, in place of those for its products. */
    public static List<LoraPair> join(List<LoraPair> pairs, DecoderSpec spec) {
        Map<Place, TensorSpec> parts = new LinkedHashMap<>();
        Map<String, List<TensorSpec>> shared = shared(spec);
        shared.values().forEach(tensors -> tensors.forEach(tensor -> parts.put(tensor.place(), tensor)));
        Map<String, List<LoraPair>> joined = new LinkedHashMap<>();
        List<LoraPair> result = new ArrayList<>();
        for (LoraPair pair : pairs) {
            TensorSpec part = parts.get(pair.place());
            if (part == null) {
                result.add(spec.weight(pair.place())
                        .flatMap(FusedProducts::fileName)
                        .map(place -> at(pair, place))
                        .orElse(pair));
            } else {
                joined.computeIfAbsent(part.name(), unused -> new ArrayList<>()).add(pair);
            }
        }
        joined.forEach((name, own) -> {
            // In the order of their rows, so that the same pairs make the same tensors.
            own.sort(Comparator.comparingLong(pair -> parts.get(pair.place()).first()));
            result.add(join(own, parts, shared.get(name)));
        });
        return result;
    }

    /**
     * The pairs at places that a family's modules are told by: a tensor of gate and up is no up projection. Where the
     * family has one module and the base one tensor, there is one pair; where it has several, several.
     */
    static List<LoraPair> named(List<LoraPair> pairs, DecoderSpec spec, ModuleNames names) {
        Map<String, List<TensorSpec>> shared = shared(spec);
        List<LoraPair> result = new ArrayList<>();
        List<LoraPair> rest = new ArrayList<>();
        for (LoraPair pair : pairs) {
            Optional<List<TensorSpec>> parts = partsOf(pair, shared);
            LoraPair placed = parts.map(all -> at(pair, fusedPlace(all))).orElseGet(() -> called(pair, spec, shared));
            if (placed.place().module().isStacked()
                    || names.find(placed.place().module()).isPresent()) {
                result.add(placed);
            } else if (parts.isPresent()) {
                result.addAll(split(List.of(pair), spec));
            } else {
                rest.add(pair);
            }
        }
        join(rest, spec)
                .forEach(pair -> result.add(partsOf(pair, shared)
                        .map(all -> at(pair, fusedPlace(all)))
                        .orElse(pair)));
        return result;
    }

    /** The shape of a place that is one product, or of one that files know for several. */
    static Optional<DecoderSpec.Shape> shape(Place place, DecoderSpec spec) {
        if (place.module().isOne()) {
            return spec.product(place);
        }
        return shared(spec).values().stream()
                .filter(parts -> fusedPlace(parts).equals(place))
                .findFirst()
                .map(parts -> new DecoderSpec.Shape(
                        parts.stream().mapToLong(TensorSpec::rows).sum(),
                        parts.get(0).columns()));
    }

    /** Tensors that several products share, by name; the products in the order of their rows. */
    private static Map<String, List<TensorSpec>> shared(DecoderSpec spec) {
        Map<String, List<TensorSpec>> byName = new LinkedHashMap<>();
        for (TensorSpec tensor : spec.tensors()) {
            if (tensor.kind() == TensorSpec.Kind.WEIGHT) {
                byName.computeIfAbsent(tensor.name(), unused -> new ArrayList<>())
                        .add(tensor);
            }
        }
        byName.values().removeIf(tensors -> tensors.size() < 2);
        byName.values().forEach(tensors -> tensors.sort(Comparator.comparingLong(TensorSpec::first)));
        return byName;
    }

    /** The products that a pair is for, if it is for a whole shared tensor. */
    private static Optional<List<TensorSpec>> partsOf(LoraPair pair, Map<String, List<TensorSpec>> shared) {
        List<TensorSpec> parts = shared.get(pair.place().name() + ".weight");
        boolean whole =
                parts != null && parts.stream().mapToLong(TensorSpec::rows).sum() == pair.outputs();
        return whole ? Optional.of(parts) : Optional.empty();
    }

    private static Place fusedPlace(List<TensorSpec> parts) {
        Place first = parts.get(0).place();
        return switch (first.module()) {
            case ATTN_Q -> DecoderModule.ATTN_QKV.at(first.layer());
            case FFN_GATE -> DecoderModule.FFN_GATE_UP.at(first.layer());
            case MIX_BETA, MIX_ALPHA -> DecoderModule.MIX_BETA_ALPHA.at(first.layer());
            case MIX_IN, MIX_GATE, MIX_INPUT_GATE -> DecoderModule.SHORTCONV_IN.at(first.layer());
            default -> throw new IllegalStateException(parts.get(0).name() + ": shared by " + first.name());
        };
    }

    /** The pair at the product that the base has under the pair's name, if it has none of the pair's own kind. */
    private static LoraPair called(LoraPair pair, DecoderSpec spec, Map<String, List<TensorSpec>> shared) {
        if (spec.weight(pair.place()).isPresent()) {
            return pair;
        }
        String name = pair.place().name() + ".weight";
        return spec.tensors().stream()
                .filter(tensor ->
                        tensor.kind() == TensorSpec.Kind.WEIGHT && tensor.name().equals(name))
                .filter(tensor -> !shared.containsKey(name))
                .findFirst()
                .map(tensor -> at(pair, tensor.place()))
                .orElse(pair);
    }

    /** The place whose usual name a tensor has in files, where that is not its own. */
    private static Optional<Place> fileName(TensorSpec tensor) {
        String name = tensor.name().replaceFirst("\\.weight$", "");
        return name.equals(tensor.place().name()) ? Optional.empty() : DecoderModule.parse(name);
    }

    private static LoraPair at(LoraPair pair, Place place) {
        return new LoraPair(place, pair.rank(), pair.inputs(), pair.outputs(), pair.a(), pair.b());
    }

    /** A product's rows of a pair; nothing if all are zero. */
    private static Optional<LoraPair> rows(LoraPair pair, TensorSpec part) {
        int outputs = Math.toIntExact(part.rows());
        float[] b = new float[outputs * pair.rank()];
        for (int row = 0; row < outputs; row++) {
            int from = Math.toIntExact(part.rowInFile(row)) * pair.rank();
            System.arraycopy(pair.b(), from, b, row * pair.rank(), pair.rank());
        }
        return withoutZeros(new LoraPair(part.place(), pair.rank(), pair.inputs(), outputs, pair.a(), b));
    }

    /** A pair without what is zero in it; nothing if all is. */
    static Optional<LoraPair> withoutZeros(LoraPair pair) {
        int rank = pair.rank();
        int outputs = pair.outputs();
        List<Integer> used = new ArrayList<>();
        for (int r = 0; r < rank; r++) {
            for (int row = 0; row < outputs; row++) {
                if (pair.b()[row * rank + r] != 0) {
                    used.add(r);
                    break;
                }
            }
        }
        if (used.isEmpty()) {
            return Optional.empty();
        }
        int kept = used.size();
        float[] a = new float[kept * pair.inputs()];
        float[] b = new float[outputs * kept];
        for (int i = 0; i < kept; i++) {
            System.arraycopy(pair.a(), used.get(i) * pair.inputs(), a, i * pair.inputs(), pair.inputs());
            for (int row = 0; row < outputs; row++) {
                double value = pair.b()[row * rank + used.get(i)];
                b[row * kept + i] = (float) (value * kept / rank);
            }
        }
        return Optional.of(new LoraPair(pair.place(), kept, pair.inputs(), outputs, a, b));
    }

    private static LoraPair join(List<LoraPair> pairs, Map<Place, TensorSpec> parts, List<TensorSpec> all) {
        int rank = pairs.stream().mapToInt(LoraPair::rank).sum();
        int inputs = pairs.get(0).inputs();
        int outputs = Math.toIntExact(all.stream().mapToLong(TensorSpec::rows).sum());
        float[] a = new float[rank * inputs];
        float[] b = new float[outputs * rank];
        int at = 0;
        for (LoraPair pair : pairs) {
            System.arraycopy(pair.a(), 0, a, at * inputs, pair.a().length);
            TensorSpec part = parts.get(pair.place());
            for (int row = 0; row < pair.outputs(); row++) {
                int target = Math.toIntExact(part.rowInFile(row));
                for (int r = 0; r < pair.rank(); r++) {
                    double value = pair.b()[row * pair.rank() + r];
                    b[target * rank + at + r] = (float) (value * rank / pair.rank());
                }
            }
            at += pair.rank();
        }
        return new LoraPair(fusedPlace(all), rank, inputs, outputs, a, b);
    }
}
