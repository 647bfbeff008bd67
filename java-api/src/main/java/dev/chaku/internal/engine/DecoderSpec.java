package dev.chaku.internal.engine;

import java.util.List;
import java.util.Optional;

/**
 * A decoder as data: all that the core is told about an architecture. Immutable and thread-safe.
 *
 * @param architecture the family's name in GGUF files
 * @param contextLength the longest text the model was trained for, in tokens
 * @param decoder what holds for the whole
 * @param ropes the rotations that layers refer to by index
 * @param layers one per layer, in order
 * @param tensors every tensor used, each place and kind at most once
 * @param vectors how states become vectors
 */
public record DecoderSpec(
        String architecture,
        int contextLength,
        DecoderOptions decoder,
        List<RopeSpec> ropes,
        List<LayerOptions> layers,
        List<TensorSpec> tensors,
        VectorOptions vectors) {

    public DecoderSpec {
        ropes = List.copyOf(ropes);
        layers = List.copyOf(layers);
        tensors = List.copyOf(tensors);
    }

    /**
     * Whether any layer has a running memory in place of attention: texts then go on or begin anew, and are not cut
     * short.
     */
    public boolean mixes() {
        return layers.stream().anyMatch(layer -> layer.mixer() != null);
    }

    /** A decoder of which nothing is said of vectors. */
    public DecoderSpec(
            String architecture,
            int contextLength,
            DecoderOptions decoder,
            List<RopeSpec> ropes,
            List<LayerOptions> layers,
            List<TensorSpec> tensors) {
        this(architecture, contextLength, decoder, ropes, layers, tensors, VectorOptions.NONE);
    }

    /** Whether tokens see those behind them: it gives vectors, and neither generates nor is trained. */
    public boolean isEncoder() {
        return layers.stream().anyMatch(LayerOptions::looksBothWays);
    }

    /** How many types of tokens it knows; 0 for none. */
    public int tokenTypes() {
        return weight(DecoderModule.TYPE_EMBEDDING.at(-1))
                .map(t -> (int) t.rows())
                .orElse(0);
    }

    /** Number of weights, biases included. */
    public long parameters() {
        return tensors.stream().mapToLong(TensorSpec::elements).sum();
    }

    /** Size of all tensors in their formats. */
    public long weightBytes() {
        return tensors.stream().mapToLong(TensorSpec::bytes).sum();
    }

    /** How many matrices the weight at a place stacks: the number of experts for a product of experts, else 1. */
    public int stacked(DecoderModule.Place place) {
        ExpertOptions experts =
                place.module().isStacked() ? layers.get(place.layer()).experts() : null;
        return experts == null ? 1 : experts.experts();
    }

    /** Contexts of more tokens than this turn by other rotations; 0 where all turn alike. */
    public int longAfter() {
        return ropes.stream().mapToInt(RopeSpec::longAfter).max().orElse(0);
    }

    /**
     * The shape of a product: inputs are columns.
     *
     * @param rows of all that its weight stacks
     */
    public record Shape(long rows, long columns) {}

    /** The product at a place that can be added to, whether it is one tensor or not. */
    public Optional<Shape> product(DecoderModule.Place place) {
        if (place.module() == DecoderModule.ATTN_KV_B) {
            LatentOptions latent =
                    place.layer() < layers.size() ? layers.get(place.layer()).latent() : null;
            return latent == null
                    ? Optional.empty()
                    : Optional.of(new Shape(
                            (long) layers.get(place.layer()).heads() * (latent.plainDim() + latent.valueDim()),
                            latent.rank()));
        }
        return weight(place).map(tensor -> new Shape(tensor.rows(), tensor.columns()));
    }

    /** The weight at a place. */
    public Optional<TensorSpec> weight(DecoderModule.Place place) {
        return tensors.stream()
                .filter(t -> t.place().equals(place) && t.kind() == TensorSpec.Kind.WEIGHT)
                .findFirst();
    }
}
