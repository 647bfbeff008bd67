package dev.chaku.convert;

import dev.chaku.gguf.GgufValue;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

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
 * @param tensors in the order of the file
 * @param extra adds key values that only this family has, and refuses what it does not understand
 */
record HuggingFaceFamily(
    List<String> classes,
    String architecture,
    String epsilonKey,
    boolean layerNorm,
    boolean rotary,
    boolean tied,
    List<String> activations,
    List<TensorRule> tensors,
    BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {}
