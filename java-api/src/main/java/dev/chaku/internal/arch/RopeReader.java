package dev.chaku.internal.arch;

import dev.chaku.internal.engine.RopeSpec;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/** Reads what a file says of rotations. */
final class RopeReader {
    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final RopeSpec.Pairing pairing;
    private final int headDim;
    private final int context;

    RopeReader(ArchitectureKeys keys, TensorTable tensors, RopeSpec.Pairing pairing, int headDim, int context) {
        this.keys = keys;
        this.tensors = tensors;
        this.pairing = pairing;
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
        return new RopeSpec(pairing, (float) magnitude, scaling.longAfter(), scaling.frequencies(plain, base));
    }

    /** That of windowed layers where they have one of their own. */
    RopeSpec local(OptionalDouble usualBase) {
        double usual = usualBase.orElse(PositionTraits.SAME_BASE);
        double same = keys.findPositive("rope.freq_base").orElse(10000);
        double base = keys.findPositive("rope.freq_base_swa").orElse(usual == PositionTraits.SAME_BASE ? same : usual);
        return new RopeSpec(pairing, 1, RopeScaling.plain(dims(), base));
    }

    private int dims() {
        int dims = keys.findInt("rope.dimension_count", 2, headDim).orElse(headDim);
        if (dims % 2 != 0) {
            throw keys.error("rope.dimension_count", "an even number", Integer.toString(dims));
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
            case "yarn" -> new RopeScaling.Yarn(factor, original, betaFast, betaSlow, logMultiplier);
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
