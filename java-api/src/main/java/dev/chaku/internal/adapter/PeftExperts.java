package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Experts in PEFT's files, where each has modules of its own: {@code mlp.experts.3.gate_proj} of the qwen families,
 * {@code block_sparse_moe.experts.3.w1} of mixtral (w1 is the gate, w3 up, w2 down). Here and in GGUF files the
 * matrices of all experts of a product lie in one.
 */
final class PeftExperts {
    /** One expert of a product. */
    record Expert(Place place, int index) {}

    private PeftExperts() {}

    /** The expert whose module has this name; nothing if it is none of an expert. */
    static Optional<Expert> parse(String module, ModuleNames names) {
        ModuleNames.ExpertNames own = names.experts();
        ModuleNames.InLayer within = names.inLayer(module).orElse(null);
        if (own == null || within == null) {
            return Optional.empty();
        }
        Matcher matcher = Pattern.compile(Pattern.quote(own.block()) + "(0|[1-9][0-9]{0,3})\\.(\\w+)")
                .matcher(within.name());
        return matcher.matches()
                ? own.product(matcher.group(2))
                        .map(product -> new Expert(product.at(within.layer()), Integer.parseInt(matcher.group(1))))
                : Optional.empty();
    }

    /** The full name of an expert's module. */
    static String module(Place place, int index, ModuleNames names, String architecture) {
        return names.layers() + place.layer() + "." + withinLayer(place.module(), index, names, architecture);
    }

    /**
     * The name of an expert's module within its layer.
     *
     * @throws BadInputException if experts of the family have no modules: some keep all of them in one parameter
     */
    static String withinLayer(DecoderModule module, int index, ModuleNames names, String architecture) {
        ModuleNames.ExpertNames own = names.experts();
        if (own == null) {
            throw new BadInputException("PEFT adapters: Hugging Face has no modules for the experts of " + architecture
                    + "; an adapter of " + module.ggufName() + " is exchanged as a GGUF file");
        }
        return own.module(module, index);
    }

    /** The pair of one expert of a stacked pair; its place is that of the product. */
    static LoraPair one(LoraPair stacked, int index) {
        int aSize = stacked.rank() * stacked.inputs();
        int bSize = stacked.outputs() * stacked.rank();
        return new LoraPair(
                stacked.place(),
                stacked.rank(),
                stacked.inputs(),
                stacked.outputs(),
                Arrays.copyOfRange(stacked.a(), index * aSize, (index + 1) * aSize),
                Arrays.copyOfRange(stacked.b(), index * bSize, (index + 1) * bSize));
    }

    /**
     * Stacks the pairs of experts, product by product; an expert without a pair gets zeros.
     *
     * @throws BadInputException if ranks or shapes of a product's experts differ, or there are more experts than the
     *     base has
     */
    static List<LoraPair> stack(String source, Map<Expert, LoraPair> pairs, DecoderSpec spec) {
        Map<String, List<Map.Entry<Expert, LoraPair>>> products = new TreeMap<>();
        for (Map.Entry<Expert, LoraPair> entry : pairs.entrySet()) {
            products.computeIfAbsent(entry.getKey().place().name(), unused -> new ArrayList<>())
                    .add(entry);
        }
        return products.values().stream()
                .map(experts -> stack(source, experts, spec))
                .toList();
    }

    private static LoraPair stack(String source, List<Map.Entry<Expert, LoraPair>> experts, DecoderSpec spec) {
        LoraPair first = experts.get(0).getValue();
        Place place = first.place();
        int n = place.layer() < spec.layers().size() ? spec.stacked(place) : 1;
        int aSize = first.rank() * first.inputs();
        int bSize = first.outputs() * first.rank();
        float[] a = new float[Math.multiplyExact(n, aSize)];
        float[] b = new float[Math.multiplyExact(n, bSize)];
        for (Map.Entry<Expert, LoraPair> entry : experts) {
            LoraPair pair = entry.getValue();
            int index = entry.getKey().index();
            boolean same =
                    pair.rank() == first.rank() && pair.inputs() == first.inputs() && pair.outputs() == first.outputs();
            if (!same || index >= n) {
                throw new BadInputException(source + ": expert " + index + " of " + place.name() + ": expected one of "
                        + n + " experts with rank "
                        + first.rank() + ", " + first.inputs() + " inputs and " + first.outputs()
                        + " outputs, found rank "
                        + pair.rank() + ", " + pair.inputs() + " and " + pair.outputs());
            }
            System.arraycopy(pair.a(), 0, a, index * aSize, aSize);
            System.arraycopy(pair.b(), 0, b, index * bSize, bSize);
        }
        return new LoraPair(place, n, first.rank(), first.inputs(), first.outputs(), a, b);
    }
}
