package dev.chaku.generate;

import dev.chaku.errors.BadInputException;
import java.util.Map;
import java.util.Objects;

/**
 * How the next token is chosen. Stages work in the order of llama.cpp: bias, penalties, top-n-sigma, top-k, typical,
 * top-p, min-p, exclusion of top choices, temperature.
 *
 * @param temperature at least 0; 0 always takes the most likely (after bias and penalties). Default 0.8
 * @param temperatureRange at least 0; the temperature follows the entropy within this distance. Default 0, off
 * @param topK keeps the k most likely; 0 is off. Default 40
 * @param topP in (0, 1]; keeps the most likely that together have this probability; 1 is off. Default 0.95
 * @param minP in [0, 1]; keeps those at least this many times as likely as the most likely; 0 is off. Default 0.05
 * @param typicalP in (0, 1]; 1, the default, is off
 * @param topNSigma at least 0; keeps logits within this many standard deviations of the largest; 0, the default, is off
 * @param exclusion removal of top choices; off by default
 * @param penalties for tokens that occurred; off by default
 * @param biases added to the logits of tokens by id, minus infinity to forbid one; none by default
 * @param seed of the choice; the same seed, model and prompt give the same text. Default 0
 */
public record SamplingOptions(
        float temperature,
        float temperatureRange,
        int topK,
        float topP,
        float minP,
        float typicalP,
        float topNSigma,
        Exclusion exclusion,
        Repetition penalties,
        Map<Integer, Float> biases,
        long seed) {

    /**
     * Removal of top choices: with {@code probability} all tokens at least as likely as {@code threshold} go but the
     * last of them.
     *
     * @param probability in [0, 1]; 0 is off
     * @param threshold in [0, 1]; above 0.5 is off
     */
    public record Exclusion(float probability, float threshold) {
        /** Excludes nothing. */
        public static final Exclusion NONE = new Exclusion(0, 0.1f);

        public Exclusion {
            requireRange("exclusion probability", probability, 0, 1);
            requireRange("exclusion threshold", threshold, 0, 1);
        }
    }

    /**
     * Penalties for tokens that occurred among the last ones, prompt included.
     *
     * @param lastTokens how many are looked back on; 0 is off
     * @param repeat above 0; divides positive logits, multiplies negative ones; 1 is off
     * @param frequency subtracted for each occurrence; 0 is off
     * @param presence subtracted once; 0 is off
     */
    public record Repetition(int lastTokens, float repeat, float frequency, float presence) {
        /** Penalizes nothing. */
        public static final Repetition NONE = new Repetition(64, 1, 0, 0);

        public Repetition {
            if (lastTokens < 0) {
                throw BadInputException.ofSetting("penalised tokens", "at least 0", lastTokens);
            }
            requireRange("repeat penalty", repeat, Float.MIN_VALUE, Float.MAX_VALUE);
            requireRange("frequency penalty", frequency, -Float.MAX_VALUE, Float.MAX_VALUE);
            requireRange("presence penalty", presence, -Float.MAX_VALUE, Float.MAX_VALUE);
        }

        /** {@return whether they change nothing} */
        public boolean isOff() {
            return lastTokens == 0 || (repeat == 1 && frequency == 0 && presence == 0);
        }
    }

    public SamplingOptions {
        requireRange("temperature", temperature, 0, Float.MAX_VALUE);
        requireRange("temperature range", temperatureRange, 0, Float.MAX_VALUE);
        if (topK < 0) {
            throw BadInputException.ofSetting("top-k", "at least 0", topK);
        }
        requireRange("top-p", topP, Float.MIN_VALUE, 1);
        requireRange("min-p", minP, 0, 1);
        requireRange("typical-p", typicalP, Float.MIN_VALUE, 1);
        requireRange("top-n-sigma", topNSigma, 0, Float.MAX_VALUE);
        Objects.requireNonNull(exclusion, "exclusion");
        Objects.requireNonNull(penalties, "penalties");
        Objects.requireNonNull(biases, "biases");
        biases.forEach(SamplingOptions::requireBias);
        biases = Map.copyOf(biases);
    }

    private static void requireBias(Integer token, Float bias) {
        if (token == null || token < 0) {
            throw new BadInputException("logit bias: expected the id of a token, got " + token);
        }
        if (bias == null || bias.isNaN() || bias == Float.POSITIVE_INFINITY) {
            throw new BadInputException(
                    "logit bias of token " + token + ": expected a number or minus infinity, got " + bias);
        }
    }

    /** {@return the options unless set, as llama.cpp has them} */
    public static SamplingOptions defaults() {
        return new SamplingOptions(0.8f, 0, 40, 0.95f, 0.05f, 1, 0, Exclusion.NONE, Repetition.NONE, Map.of(), 0);
    }

    /** {@return always the most likely token} */
    public static SamplingOptions greedy() {
        return defaults().withTemperature(0);
    }

    /**
     * {@return a copy with another temperature}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTemperature(float value) {
        return new SamplingOptions(
                value, temperatureRange, topK, topP, minP, typicalP, topNSigma, exclusion, penalties, biases, seed);
    }

    /**
     * {@return a copy with another range around the temperature}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTemperatureRange(float value) {
        return new SamplingOptions(
                temperature, value, topK, topP, minP, typicalP, topNSigma, exclusion, penalties, biases, seed);
    }

    /**
     * {@return a copy that keeps another number of the likeliest tokens}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTopK(int value) {
        return new SamplingOptions(
                temperature,
                temperatureRange,
                value,
                topP,
                minP,
                typicalP,
                topNSigma,
                exclusion,
                penalties,
                biases,
                seed);
    }

    /**
     * {@return a copy that keeps tokens up to another sum of probabilities}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTopP(float value) {
        return new SamplingOptions(
                temperature,
                temperatureRange,
                topK,
                value,
                minP,
                typicalP,
                topNSigma,
                exclusion,
                penalties,
                biases,
                seed);
    }

    /**
     * {@return a copy with another least probability, as a share of the likeliest token's}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withMinP(float value) {
        return new SamplingOptions(
                temperature,
                temperatureRange,
                topK,
                topP,
                value,
                typicalP,
                topNSigma,
                exclusion,
                penalties,
                biases,
                seed);
    }

    /**
     * {@return a copy that keeps the most typical tokens up to another sum of probabilities}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTypicalP(float value) {
        return new SamplingOptions(
                temperature, temperatureRange, topK, topP, minP, value, topNSigma, exclusion, penalties, biases, seed);
    }

    /**
     * {@return a copy that keeps logits within another number of standard deviations of the largest}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withTopNSigma(float value) {
        return new SamplingOptions(
                temperature, temperatureRange, topK, topP, minP, typicalP, value, exclusion, penalties, biases, seed);
    }

    /**
     * {@return a copy with another exclusion of top choices}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withExclusion(Exclusion value) {
        return new SamplingOptions(
                temperature, temperatureRange, topK, topP, minP, typicalP, topNSigma, value, penalties, biases, seed);
    }

    /**
     * {@return a copy with other penalties of repetition}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withPenalties(Repetition value) {
        return new SamplingOptions(
                temperature, temperatureRange, topK, topP, minP, typicalP, topNSigma, exclusion, value, biases, seed);
    }

    /**
     * {@return a copy with other additions to logits, by token id}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withBiases(Map<Integer, Float> value) {
        return new SamplingOptions(
                temperature,
                temperatureRange,
                topK,
                topP,
                minP,
                typicalP,
                topNSigma,
                exclusion,
                penalties,
                value,
                seed);
    }

    /**
     * {@return a copy with another seed}
     *
     * @param value see the option of this name for its range
     */
    public SamplingOptions withSeed(long value) {
        return new SamplingOptions(
                temperature,
                temperatureRange,
                topK,
                topP,
                minP,
                typicalP,
                topNSigma,
                exclusion,
                penalties,
                biases,
                value);
    }

    private static void requireRange(String what, float value, float least, float most) {
        if (!(value >= least && value <= most)) {
            String range = most == Float.MAX_VALUE
                    ? (least == Float.MIN_VALUE ? "more than 0" : least == 0 ? "at least 0" : "a number")
                    : (least == Float.MIN_VALUE ? "more than 0 and at most " + most : least + " to " + most);
            throw BadInputException.ofSetting(what, range, value);
        }
    }
}
