package dev.chaku.internal.huggingface;

import dev.chaku.gguf.GgufValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The stretching of rotations, from config.json's {@code rope_scaling} to the keys and tensors of GGUF.
 *
 * @param keys without the architecture's name before them
 * @param factors tensors of one number for each rotated pair, by name
 */
public record RopeKeys(Map<String, GgufValue> keys, Map<String, float[]> factors) {

    private static final float STILL = 1e30f;

    /** @param understood keys that the family reads itself, which are refused elsewhere */
    public static RopeKeys of(ModelConfig config, Set<String> understood) {
        RopeKeys result = new RopeKeys(new LinkedHashMap<>(), new LinkedHashMap<>());
        JsonFile scaling = config.json()
                .findObject("rope_scaling")
                .or(config::ropeParameters)
                .orElse(null);
        if (scaling == null) {
            return result;
        }
        refuse(config, scaling, "alpha", understood);
        refuse(config, scaling, "llama_4_scaling_beta", understood);
        String kind = scaling.findString("rope_type")
                .orElse(scaling.findString("type").orElse("default"));
        switch (kind) {
            // Within the context that it was trained for, dynamic stretching is none.
            case "default", "dynamic", "mrope" -> {}
            case "linear" -> {
                result.keys.put("rope.scaling.type", GgufValue.of("linear"));
                result.keys.put("rope.scaling.factor", GgufValue.of((float) scaling.requireDouble("factor")));
            }
            case "yarn" -> result.addYarn(config, scaling, understood);
            case "proportional" -> result.factors.put("rope_freqs.weight", proportional(config, scaling));
            case "llama3" -> result.factors.put("rope_freqs.weight", llama3(config, scaling));
            case "longrope", "su" -> result.addLongRope(config, scaling);
            default -> throw scaling.error("rope_type", "default, linear, dynamic, yarn, llama3 or longrope", kind);
        }
        return result;
    }

    /** Keys that only some families know, and read themselves. */
    private static void refuse(ModelConfig config, JsonFile scaling, String key, Set<String> understood) {
        if (!understood.contains(key) && scaling.findDouble(key).orElse(0) != 0) {
            throw scaling.error(
                    key,
                    "none (it is not supported for " + config.architecture() + ")",
                    scaling.fields().get(key));
        }
    }

    private void addYarn(ModelConfig config, JsonFile scaling, Set<String> understood) {
        double factor = scaling.requireDouble("factor");
        // Files cannot say that the bounds between pairs are not rounded; of families that do not, they are read as if
        // they were.
        if (!scaling.bool("truncate", true) && !understood.contains("truncate")) {
            throw scaling.error("truncate", "true (false is not supported for " + config.architecture() + ")", false);
        }
        keys.put("rope.scaling.type", GgufValue.of("yarn"));
        keys.put("rope.scaling.factor", GgufValue.of((float) factor));
        int original = scaling.findInt("original_max_position_embeddings").orElse(config.context());
        keys.put("rope.scaling.original_context_length", GgufValue.ofUint32(original));
        scaling.findDouble("beta_fast")
                .ifPresent(beta -> keys.put("rope.scaling.yarn_beta_fast", GgufValue.of((float) beta)));
        scaling.findDouble("beta_slow")
                .ifPresent(beta -> keys.put("rope.scaling.yarn_beta_slow", GgufValue.of((float) beta)));
        if (understood.contains("mscale_all_dim")) {
            addYarnOfScores(scaling);
            return;
        }
        // GGUF's factor comes on top of yarn's own 1 + 0.1 ln(factor), which is what Hugging Face replaces.
        double usual = magnitude(factor, 1);
        double some = scaling.findDouble("mscale").orElse(0);
        double all = scaling.findDouble("mscale_all_dim").orElse(0);
        double stated = some != 0 && all != 0 ? magnitude(factor, some) / magnitude(factor, all) : usual;
        double attention = scaling.findDouble("attention_factor").orElse(stated);
        if (attention != usual) {
            keys.put("rope.scaling.attn_factor", GgufValue.of((float) (attention / usual)));
        }
    }

    /** Of latent attention: what is rotated keeps its magnitude, scores have a multiplier of their own. */
    private void addYarnOfScores(JsonFile scaling) {
        double some = scaling.findDouble("mscale").orElse(0);
        double all = scaling.findDouble("mscale_all_dim").orElse(0);
        if (all == 0 || some != all) {
            throw scaling.error("mscale", "as mscale_all_dim (" + all + ") and not 0", some);
        }
        keys.put("rope.scaling.yarn_log_multiplier", GgufValue.of((float) (0.1 * all)));
    }

    /** Pairs that do not turn are divided by so much that they stand still in any text. */
    private static float[] proportional(ModelConfig config, JsonFile scaling) {
        int pairs = config.count("global_head_dim", "head_dim") / 2;
        double share = scaling.findDouble("partial_rotary_factor").orElse(1);
        float[] factors = new float[pairs];
        for (int i = 0; i < pairs; i++) {
            factors[i] = i < (int) (2 * pairs * share / 2) ? 1 : STILL;
        }
        return factors;
    }

    private static double magnitude(double factor, double scale) {
        return 1 + 0.1 * scale * Math.log(Math.max(1, factor));
    }

    /**
     * What each pair's frequency is divided by: nothing for short waves, the factor for long ones, and between the two.
     */
    private static float[] llama3(ModelConfig config, JsonFile scaling) {
        double factor = scaling.requireDouble("factor");
        double low = scaling.requireDouble("low_freq_factor");
        double high = scaling.requireDouble("high_freq_factor");
        double original = scaling.requireDouble("original_max_position_embeddings");
        if (!(factor > 0 && low > 0 && high > low && original > 0)) {
            throw scaling.error("factor", "positive factors with low_freq_factor < high_freq_factor", scaling.fields());
        }
        int dims = config.ropeDims();
        float[] factors = new float[dims / 2];
        for (int i = 0; i < factors.length; i++) {
            double wave = 2 * Math.PI * Math.pow(config.ropeTheta(), 2.0 * i / dims);
            double kept = Math.min(1, Math.max(0, (original / wave - low) / (high - low)));
            factors[i] = (float) (1 / ((1 - kept) / factor + kept));
        }
        return factors;
    }

    private void addLongRope(ModelConfig config, JsonFile scaling) {
        int pairs = config.ropeDims() / 2;
        factors.put("rope_factors_long.weight", factors(scaling, "long_factor", pairs));
        factors.put("rope_factors_short.weight", factors(scaling, "short_factor", pairs));
        int original = config.json()
                .findInt("original_max_position_embeddings")
                .orElse(scaling.findInt("original_max_position_embeddings").orElse(config.context()));
        keys.put("rope.scaling.original_context_length", GgufValue.ofUint32(original));
        double stretch = (double) config.context() / original;
        double attention = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        keys.put("rope.scaling.attn_factor", GgufValue.of((float)
                scaling.findDouble("attention_factor").orElse(attention)));
    }

    private static float[] factors(JsonFile scaling, String key, int pairs) {
        List<@Nullable Object> values = scaling.findList(key).orElse(List.of());
        float[] result = new float[values.size()];
        for (int i = 0; i < result.length; i++) {
            if (!(values.get(i) instanceof Number number) || !(number.doubleValue() > 0)) {
                throw scaling.error(key, "positive numbers", values.get(i));
            }
            result[i] = number.floatValue();
        }
        if (result.length != pairs) {
            throw scaling.error(key, pairs + " numbers, one for each rotated pair", result.length + " numbers");
        }
        return result;
    }
}
