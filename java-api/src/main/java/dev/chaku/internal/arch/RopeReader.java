package dev.chaku.internal.arch;

import dev.chaku.internal.engine.RopeSpec;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Reads what a file says of rotations. */
final class RopeReader {
    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final RopeSpec.@Nullable Pairing pairing;
    private final boolean yarnOfScores;
    private final int headDim;
    private final int windowHeadDim;
    private final int context;

    /** @param windowHeadDim of layers with a rope of their own */
    RopeReader(
            ArchitectureKeys keys,
            TensorTable tensors,
            DecoderTraits traits,
            int headDim,
            int windowHeadDim,
            int context) {
        this.keys = keys;
        this.tensors = tensors;
        this.pairing = traits.positions().pairing();
        this.yarnOfScores = traits.attention().isLatent();
        this.windowHeadDim = windowHeadDim;
        this.headDim = headDim;
        this.context = context;
    }

    /** The rotation of most layers, or all. */
    RopeSpec main() {
        double base = keys.findPositive("rope.freq_base").orElse(10000);
        double[] plain = RopeScaling.plain(dims(), base);
        RopeScaling scaling = scaling(plain.length);
        Optional<float[]> factors = tensors.readVector("rope_freqs.weight", plain.length);
        factors.ifPresent(f -> Arrays.setAll(plain, i -> plain[i] / f[i]));
        double magnitude = scaling.magnitude()
                * keys.findPositive("rope.scaling.attn_factor").orElse(1);
        return new RopeSpec(kind(), (float) magnitude, scaling.longAfter(), scaling.frequencies(plain, base));
    }

    /**
     * What scores are multiplied by beside the usual. Latent attention rotates a part of each head alone, so that
     * yarn's magnitude there belongs to scores as a whole, with a multiplier of its own. Files hold a tenth of that, as
     * the formula does. (DeepSeek-AI 2024.)
     */
    double scoreScale() {
        double multiplier = yarnOfScores
                ? keys.findPositive("rope.scaling.yarn_log_multiplier").orElse(0)
                : 0;
        if (multiplier == 0 || !keys.string("rope.scaling.type", "none").equals("yarn")) {
            return 1;
        }
        double factor = Math.max(1, keys.findPositive("rope.scaling.factor").orElse(1));
        double root = keys.findPositive("rope.scaling.attn_factor").orElse(1) * (1 + multiplier * Math.log(factor));
        return root * root;
    }

    private RopeSpec.Pairing kind() {
        if (pairing == null) {
            throw new IllegalStateException("a rope without a pairing");
        }
        return pairing;
    }

    /** That of windowed layers where they have one of their own. */
    RopeSpec local(OptionalDouble usualBase) {
        double usual = usualBase.orElse(PositionTraits.SAME_BASE);
        double same = keys.findPositive("rope.freq_base").orElse(10000);
        double base = keys.findPositive("rope.freq_base_swa").orElse(usual == PositionTraits.SAME_BASE ? same : usual);
        int dims = windowHeadDim == headDim && !keys.has("rope.dimension_count_swa")
                ? dims("rope.dimension_count", headDim)
                : dims("rope.dimension_count_swa", windowHeadDim);
        return new RopeSpec(kind(), 1, RopeScaling.plain(dims, base));
    }

    private int dims() {
        return dims("rope.dimension_count", headDim);
    }

    private int dims(String key, int headDim) {
        int dims = keys.findInt(key, 2, headDim).orElse(headDim);
        if (dims % 2 != 0) {
            throw keys.error(key, "an even number", Integer.toString(dims));
        }
        return dims;
    }

    /** Files without a kind but with a factor mean the linear one, as does the key that was there before kinds were. */
    private RopeScaling scaling(int pairs) {
        boolean named = keys.has("rope.scaling.type");
        String kind = keys.string("rope.scaling.type", "linear");
        double before = keys.findPositive("rope.scale_linear").orElse(1);
        double factor = keys.findPositive("rope.scaling.factor").orElse(before);
        int original = keys.findInt("rope.scaling.original_context_length", 1, Integer.MAX_VALUE)
                .orElse(context);
        double betaFast = keys.findPositive("rope.scaling.yarn_beta_fast").orElse(32);
        double betaSlow = keys.findPositive("rope.scaling.yarn_beta_slow").orElse(1);
        double logMultiplier =
                keys.findPositive("rope.scaling.yarn_log_multiplier").orElse(0);
        Optional<RopeScaling> longRope = longRope(pairs, original);
        if (longRope.isPresent() && (!named || kind.equals("longrope"))) {
            return longRope.get();
        }
        if (longRope.isPresent()) {
            throw keys.error("rope.scaling.type", "longrope beside rope_factors_long and rope_factors_short", kind);
        }
        return switch (kind) {
            case "none" -> new RopeScaling.None();
            case "linear" -> factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
            case "yarn" ->
                new RopeScaling.Yarn(
                        factor, original, betaFast, betaSlow, yarnOfScores && logMultiplier > 0 ? 1 : logMultiplier);
            case "dynamic" -> new RopeScaling.Dynamic(factor, original, context);
            case "longrope" ->
                throw keys.error("rope.scaling.type", "tensors rope_factors_long and rope_factors_short", kind);
            default -> throw keys.error("rope.scaling.type", "none, linear, dynamic, yarn or longrope", kind);
        };
    }

    private Optional<RopeScaling> longRope(int pairs, int original) {
        Optional<float[]> shortFactors = tensors.readVector("rope_factors_short.weight", pairs);
        Optional<float[]> longFactors = tensors.readVector("rope_factors_long.weight", pairs);
        if (shortFactors.isPresent() != longFactors.isPresent()) {
            throw keys.error("rope.scaling.type", "both rope_factors_long and rope_factors_short", "one of them");
        }
        return shortFactors.map(few -> new RopeScaling.LongRope(few, longFactors.orElseThrow(), original));
    }
}
