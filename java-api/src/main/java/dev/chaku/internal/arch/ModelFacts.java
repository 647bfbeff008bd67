package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;

/**
 * What the choice of formats depends on beside names and shapes. No check of the model: unknown sizes are 0.
 *
 * @param architecture value of {@code general.architecture}
 * @param layers number of layers
 * @param heads query heads of the first layer
 * @param kvHeads key heads of the first layer
 * @param experts of a layer, 0 without
 */
public record ModelFacts(String architecture, int layers, int heads, int kvHeads, int experts) {

    /** The facts of a file of any architecture, known or not. */
    public static ModelFacts of(GgufMetadata metadata) {
        String architecture = metadata.requireString("general.architecture");
        int heads = first(metadata, architecture + ".attention.head_count");
        int kvHeads = first(metadata, architecture + ".attention.head_count_kv");
        return new ModelFacts(
                architecture,
                first(metadata, architecture + ".block_count"),
                heads,
                kvHeads == 0 ? heads : kvHeads,
                first(metadata, architecture + ".expert_count"));
    }

    /** Query heads that share a key head; 1 if unknown. */
    int headsPerKey() {
        return kvHeads == 0 ? 1 : heads / kvHeads;
    }

    /** The models of 70 billion parameters whose value projections are small beside the others. */
    boolean isSeventyBillion() {
        return layers == 80 && (architecture.equals("llama") && heads != kvHeads || architecture.equals("qwen2"));
    }

    /** A number, or the first that is not 0 of one per layer. */
    private static int first(GgufMetadata metadata, String key) {
        GgufValue value = metadata.find(key).orElse(null);
        if (value instanceof GgufArray.Numbers numbers) {
            for (int i = 0; i < numbers.size(); i++) {
                if (numbers.longAt(i) != 0) {
                    return (int) numbers.longAt(i);
                }
            }
        }
        return value instanceof GgufValue.Int number ? (int) number.bits() : 0;
    }
}
