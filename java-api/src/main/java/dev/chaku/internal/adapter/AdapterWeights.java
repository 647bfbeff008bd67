package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An adapter in memory: the matrices of each adapted product, and what its file said. Immutable and thread-safe. Its
 * values are finite: others are refused.
 *
 * @param source what messages call it: the file's path, as a rule
 * @param architecture the family of its base
 * @param alpha the scale of a pair is alpha / its rank
 * @param pairs one per adapted product
 * @param saved weights in place of the base's: of the token embedding, the output projection or both
 * @param metadata all key values of the file
 */
public record AdapterWeights(
        String source,
        String architecture,
        float alpha,
        List<LoraPair> pairs,
        List<SavedWeight> saved,
        GgufMetadata metadata) {

    private static final int HASHED_FLOATS = 1 << 12;

    public AdapterWeights {
        pairs = List.copyOf(pairs);
        for (LoraPair pair : pairs) {
            pair.requireFinite(source);
        }
        saved = List.copyOf(saved);
        SavedWeight before = null;
        for (SavedWeight weight : saved) {
            if (before == null || before.values() != weight.values()) {
                weight.requireFinite(source);
            }
            before = weight;
        }
    }

    /** An adapter that only adds. */
    public AdapterWeights(
            String source, String architecture, float alpha, List<LoraPair> pairs, GgufMetadata metadata) {
        this(source, architecture, alpha, pairs, List.of(), metadata);
    }

    /**
     * Brings the adapter to an engine, for texts to wear.
     *
     * @throws BadInputException if it was made for another base: the message names the tensor, expected and found
     */
    public EngineAdapter bind(EngineModel model, DecoderSpec spec) {
        return bind(model, spec, contentHash());
    }

    /**
     * The same where it is known already.
     *
     * @param contentHash its {@link #contentHash}
     */
    public EngineAdapter bind(EngineModel model, DecoderSpec spec, String contentHash) {
        requireFits(spec);
        requireWearable();
        return model.adapter(source, contentHash, alpha, FusedProducts.split(pairs, spec), saved);
    }

    /**
     * Checks that it adds nothing but what can be worn.
     *
     * @throws BadInputException if it adds to the token embedding
     */
    public void requireWearable() {
        for (LoraPair pair : pairs) {
            if (pair.place().module() == DecoderModule.TOKEN_EMBEDDING) {
                throw new BadInputException(
                        source + ": tensor " + pair.place().name()
                                + ".weight.lora_a: an addition to the token embedding cannot be worn; merge the adapter into its base");
            }
        }
    }

    /**
     * The weights that it has in place of the base's as a trainer holds them: one matrix that is embedding and output
     * projection is the embedding.
     *
     * @throws BadInputException if it has other weights at the ends of one matrix
     */
    public Map<DecoderModule, SavedWeight> trainedWhole(DecoderSpec spec) {
        Map<DecoderModule, SavedWeight> whole = new EnumMap<>(DecoderModule.class);
        saved.forEach(weight -> whole.put(weight.place().module(), weight));
        if (!whole.isEmpty() && spec.weight(DecoderModule.OUTPUT.at(-1)).isEmpty()) {
            if (!SavedWeight.isOne(saved)) {
                throw new BadInputException(source + ": expected one matrix that is embedding and output projection, as"
                        + " the base has it, found "
                        + (saved.size() == 1 ? saved.get(0).place().name() + " alone" : "two"));
            }
            whole.remove(DecoderModule.OUTPUT);
        }
        return whole;
    }

    /** SHA-256 of what it adds, whatever its file is called and what else that says: places, alpha, values. */
    public String contentHash() {
        Sha256 hash = new Sha256();
        for (LoraPair pair : pairs) {
            String head = pair.place().name() + " " + alpha + " " + pair.experts() + " " + pair.rank() + "\n";
            hash.add(head.getBytes(StandardCharsets.UTF_8));
            addTo(hash, pair.a());
            addTo(hash, pair.b());
        }
        for (SavedWeight weight : saved) {
            hash.add(("saved " + weight.place().name() + "\n").getBytes(StandardCharsets.UTF_8));
            addTo(hash, weight.values());
        }
        return hash.hex();
    }

    private static void addTo(Sha256 hash, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(HASHED_FLOATS * Float.BYTES);
        for (int from = 0; from < values.length; from += HASHED_FLOATS) {
            int n = Math.min(HASHED_FLOATS, values.length - from);
            bytes.clear();
            bytes.asFloatBuffer().put(values, from, n);
            hash.add(bytes.limit(n * Float.BYTES));
        }
    }

    /** A pair for each product of the engine, in place of those for tensors that products share. */
    public List<LoraPair> split(DecoderSpec spec) {
        return FusedProducts.split(pairs, spec);
    }

    /** The same with one pair for each tensor of the base, as files hold it. */
    public AdapterWeights joined(DecoderSpec spec) {
        return withPairs(FusedProducts.join(pairs, spec));
    }

    /** The same adapter with other matrices. */
    AdapterWeights withPairs(List<LoraPair> newPairs) {
        return new AdapterWeights(source, architecture, alpha, newPairs, saved, metadata);
    }

    /**
     * Checks that this adapter was made for a base like this one: family, layers, and the shape of every product.
     *
     * @throws BadInputException if not: the message names the tensor, expected and found
     */
    public void requireFits(DecoderSpec spec) {
        requireFits(spec, "");
    }

    /**
     * The same of a base that messages name.
     *
     * @param base its file; empty for none
     */
    public void requireFits(DecoderSpec spec, String base) {
        if (!spec.architecture().equals(architecture)) {
            throw misfit(base, "expected architecture " + spec.architecture() + ", found " + architecture);
        }
        for (LoraPair pair : FusedProducts.split(pairs, spec)) {
            requireFits(pair, spec, base);
        }
        for (SavedWeight weight : saved) {
            int vocabSize = spec.decoder().vocabSize();
            int width = spec.decoder().width();
            if (weight.rows() != vocabSize || weight.columns() != width) {
                throw misfit(
                        base,
                        "tensor " + weight.place().name() + ".weight expects " + vocabSize + " rows of " + width
                                + ", found " + weight.rows() + " of " + weight.columns());
            }
        }
    }

    /**
     * Checks that it only adds.
     *
     * @param what needs that, for messages
     * @throws BadInputException if a weight of it takes the place of the base's
     */
    public void requireNothingSaved(String what) {
        saved.stream().findFirst().ifPresent(weight -> {
            throw new BadInputException(source + ": " + what + ": expected an adapter that only adds to products, found"
                    + " " + weight.place().name() + " trained whole; merge it into its base");
        });
    }

    private BadInputException misfit(String base, String what) {
        return new BadInputException(
                source + ": adapter for another base" + (base.isEmpty() ? "" : " than " + base) + ": " + what);
    }

    private void requireFits(LoraPair pair, DecoderSpec spec, String base) {
        DecoderModule.Place place = pair.place();
        // A tied output projection is the token embedding's matrix.
        DecoderModule.Place tied = DecoderModule.TOKEN_EMBEDDING.at(-1);
        DecoderSpec.Shape shape = spec.product(place)
                .or(() -> place.module() == DecoderModule.OUTPUT ? spec.product(tied) : Optional.empty())
                .orElseThrow(() -> misfit(
                        base,
                        "tensor " + place.name() + ".weight.lora_a has no counterpart in a model of "
                                + spec.layers().size() + " layers"));
        int stacked = spec.stacked(place);
        if (pair.experts() != stacked) {
            throw misfit(
                    base,
                    "tensor " + place.name() + ".weight expects " + stacked + " experts, found " + pair.experts());
        }
        if (shape.columns() != pair.inputs() || shape.rows() != (long) pair.outputs() * stacked) {
            boolean vocabulary = !place.module().inLayers() && shape.columns() == pair.inputs();
            throw misfit(
                    base,
                    "tensor " + place.name() + ".weight expects " + shape.columns() + " inputs and "
                            + shape.rows() / stacked + " outputs, found " + pair.inputs() + " and " + pair.outputs()
                            + (vocabulary ? "; its vocabulary has another size" : ""));
        }
    }
}
