package dev.chaku.internal.engine;

import org.jspecify.annotations.Nullable;

/**
 * What a trainer trains.
 *
 * @param maxTokens most tokens of one micro-batch
 * @param seed of the initial A and of dropout
 * @param loadBalance coefficient of the load-balance loss of decoders with experts, 0 for none
 * @param trainRouters whether a full training changes the routers of experts too
 * @param memoryLimitBytes refuse above it, 0 for what the machine has
 * @param optimizer what follows the gradients
 * @param embeddingNoise NEFTune's alpha, 0 for none
 * @param lora matrices over the frozen model; null: every weight is trained, as a float32 copy
 */
public record TrainerOptions(
        int maxTokens,
        long seed,
        float loadBalance,
        boolean trainRouters,
        long memoryLimitBytes,
        Optimizer optimizer,
        float embeddingNoise,
        @Nullable LoraOptions lora) {
    /** Every weight by AdamW, routers of experts if asked for. */
    public static TrainerOptions full(
            int maxTokens, long seed, float loadBalance, boolean trainRouters, long memoryLimitBytes) {
        return new TrainerOptions(
                maxTokens, seed, loadBalance, trainRouters, memoryLimitBytes, Optimizer.ADAMW, 0, null);
    }

    /** LoRA by AdamW. */
    public static TrainerOptions lora(
            LoraOptions lora, int maxTokens, long seed, float loadBalance, long memoryLimitBytes) {
        return new TrainerOptions(maxTokens, seed, loadBalance, false, memoryLimitBytes, Optimizer.ADAMW, 0, lora);
    }

    /** The same with other most tokens of a micro-batch. */
    public TrainerOptions withMaxTokens(int tokens) {
        return new TrainerOptions(
                tokens, seed, loadBalance, trainRouters, memoryLimitBytes, optimizer, embeddingNoise, lora);
    }

    /** The same under another limit. */
    public TrainerOptions withMemoryLimit(long bytes) {
        return new TrainerOptions(maxTokens, seed, loadBalance, trainRouters, bytes, optimizer, embeddingNoise, lora);
    }

    /** The same with another optimizer. */
    public TrainerOptions with(Optimizer other) {
        return new TrainerOptions(
                maxTokens, seed, loadBalance, trainRouters, memoryLimitBytes, other, embeddingNoise, lora);
    }

    /** The same with noise on the embeddings. */
    public TrainerOptions withEmbeddingNoise(float alpha) {
        return new TrainerOptions(maxTokens, seed, loadBalance, trainRouters, memoryLimitBytes, optimizer, alpha, lora);
    }

    /** What follows the gradients, with moments in float32 or in 8 bits. */
    public enum Optimizer {
        ADAMW,
        ADAMW_8BIT,
        LION,
        LION_8BIT
    }
}
