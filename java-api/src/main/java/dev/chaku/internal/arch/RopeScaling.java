package dev.chaku.internal.arch;

import java.util.Arrays;

/**
 * The angles of a rotary position embedding.
 *
 * <p>Plain: pair i of n/2 turns by f_i = base^(-2i/n) radians per position [1]. A model that was stretched to longer
 * texts changes f_i:
 *
 * <ul>
 *   <li>linear: f_i / factor, as if positions were closer together [2];
 *   <li>per-pair factors from the file (llama 3): f_i / factor_i;
 *   <li>yarn [3]: pairs that turn often within the original context keep f_i, those that turn less than once are
 *       interpolated, f_i / factor, and those between are blended; attention becomes sharper by the magnitude 1 + 0.1
 *       ln(factor), which multiplies sine and cosine of query and key alike;
 *   <li>longrope [4]: f_i / short_i in contexts up to the original length, f_i / long_i in longer ones;
 *   <li>dynamic: f_i in contexts up to the original length; in longer ones the base grows, so that the slowest pair
 *       turns in the whole context as far as it did in the original one over the factor. The whole context is meant,
 *       not the part that is filled: what a text turned by so far does not change while it grows.
 * </ul>
 *
 * <p>[1] Su et al., RoFormer, arXiv 2104.09864. [2] Chen et al., arXiv 2306.15595. [3] Peng et al., YaRN, arXiv
 * 2309.00071. [4] Ding et al., LongRoPE, arXiv 2402.13753.
 */
public sealed interface RopeScaling {
    /** No change. */
    record None() implements RopeScaling {}

    /** Every frequency divided by the factor. */
    record Linear(double factor) implements RopeScaling {}

    /**
     * Yarn.
     *
     * @param originalContext tokens that the model was trained for before it was stretched
     * @param betaFast turns within the original context above which a pair keeps its frequency
     * @param betaSlow turns below which it is interpolated
     * @param logMultiplier not 0: the magnitude is divided by 1 + 0.1 logMultiplier ln(factor)
     */
    record Yarn(double factor, int originalContext, double betaFast, double betaSlow, double logMultiplier)
            implements RopeScaling {}

    /**
     * Longrope.
     *
     * @param shortFactors one per pair, for contexts up to the original length
     * @param longFactors one per pair, for longer ones
     * @param originalContext that length in tokens
     */
    record LongRope(float[] shortFactors, float[] longFactors, int originalContext) implements RopeScaling {}

    /**
     * Dynamic, or NTK-aware.
     *
     * @param originalContext tokens that the model was trained for
     * @param context tokens that it shall take
     */
    record Dynamic(double factor, int originalContext, int context) implements RopeScaling {
        /** What the base is multiplied by for a rotation of so many dimensions. */
        double growth(int dims) {
            double stretch = factor * context / originalContext - (factor - 1);
            return Math.pow(stretch, dims / (dims - 2.0));
        }
    }

    /** f_i of a plain rotation of n dimensions. */
    static double[] plain(int dims, double base) {
        double[] frequencies = new double[dims / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(base, -2.0 * i / dims);
        }
        return frequencies;
    }

    /** Contexts of more tokens than this have other frequencies; 0 where all have the same. */
    default int longAfter() {
        if (this instanceof LongRope longRope) {
            return longRope.originalContext();
        }
        return this instanceof Dynamic dynamic && dynamic.context() > dynamic.originalContext()
                ? dynamic.originalContext()
                : 0;
    }

    /** The stretched frequencies; where they depend on the context, those of short ones, then those of long ones. */
    default double[] frequencies(double[] plain, double base) {
        if (longAfter() == 0) {
            return apply(plain, base);
        }
        double[] both = Arrays.copyOf(plain, 2 * plain.length);
        for (int i = 0; i < plain.length; i++) {
            if (this instanceof LongRope longRope) {
                both[i] = plain[i] / longRope.shortFactors()[i];
                both[plain.length + i] = plain[i] / longRope.longFactors()[i];
            } else if (this instanceof Dynamic dynamic) {
                int dims = 2 * plain.length;
                both[plain.length + i] = plain[i] * Math.pow(dynamic.growth(dims), -2.0 * i / dims);
            }
        }
        return both;
    }

    /** The frequencies of a kind that stretches all contexts alike. */
    default double[] apply(double[] plain, double base) {
        double[] scaled = plain.clone();
        if (this instanceof Linear linear) {
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= linear.factor();
            }
        } else if (this instanceof Yarn yarn) {
            int dims = 2 * plain.length;
            double low = Math.max(0, Math.floor(pairTurning(yarn.betaFast(), yarn.originalContext(), dims, base)));
            double high =
                    Math.min(dims - 1, Math.ceil(pairTurning(yarn.betaSlow(), yarn.originalContext(), dims, base)));
            for (int i = 0; i < scaled.length; i++) {
                double interpolated = Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
                scaled[i] = plain[i] / yarn.factor() * interpolated + plain[i] * (1 - interpolated);
            }
        }
        return scaled;
    }

    /** What sine and cosine are multiplied by. */
    default double magnitude() {
        if (this instanceof Yarn yarn) {
            double sharper = 1 + 0.1 * Math.log(yarn.factor());
            return yarn.logMultiplier() == 0 || yarn.factor() <= 1
                    ? sharper
                    : sharper / (1 + 0.1 * yarn.logMultiplier() * Math.log(yarn.factor()));
        }
        return 1;
    }

    /** The (fractional) pair that makes this many turns within the original context. */
    private static double pairTurning(double turns, int originalContext, int dims, double base) {
        return dims * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }
}
