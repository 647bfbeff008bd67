package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.TensorRule;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * How Hugging Face stores the models of some classes, and what they are in GGUF.
 *
 * @param classes names under {@code architectures} in config.json
 * @param architecture name of the family in GGUF files
 * @param epsilonKey of config.json: the epsilon of all norms
 * @param layerNorm whether norms take off the mean, which decides the epsilon's name in GGUF
 * @param rotary whether positions are rotations
 * @param tied whether the embedding serves as output projection unless config.json says otherwise
 * @param activations that config.json may name
 * @param tensors of a model of this configuration, in the order of the file
 * @param extra adds key values that only this family has, and refuses what it does not understand
 * @param defaults what the classes have where config.json says nothing
 */
record HuggingFaceFamily(
        List<String> classes,
        String architecture,
        String epsilonKey,
        boolean layerNorm,
        boolean rotary,
        boolean tied,
        List<String> activations,
        Function<ModelConfig, List<TensorRule>> tensors,
        BiConsumer<ModelConfig, Map<String, GgufValue>> extra,
        Map<String, Object> defaults) {

    /** A family whose models have all the same tensors, and whose config.json says everything. */
    HuggingFaceFamily(
            List<String> classes,
            String architecture,
            String epsilonKey,
            boolean layerNorm,
            boolean rotary,
            boolean tied,
            List<String> activations,
            List<TensorRule> tensors,
            BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        this(
                classes,
                architecture,
                epsilonKey,
                layerNorm,
                rotary,
                tied,
                activations,
                config -> tensors,
                extra,
                Map.of());
    }

    HuggingFaceFamily withDefaults(Map<String, Object> values) {
        return new HuggingFaceFamily(
                classes, architecture, epsilonKey, layerNorm, rotary, tied, activations, tensors, extra, values);
    }
}
