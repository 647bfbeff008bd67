package dev.chaku.internal.engine;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer trains.
 *
 * @param mode LoRA matrices over the frozen model, or every weight as a float32 copy
 * @param maxTokens most tokens of one micro-batch
 * @param rank LoRA
 * @param scale LoRA: alpha / rank, or alpha / sqrt(rank)
 * @param dropout LoRA: probability of dropping an input of A, in [0, 1)
 * @param targets LoRA: the modules that are adapted
 * @param seed of the initial A and of dropout
 * @param loadBalance coefficient of the load-balance loss of decoders with experts, 0 for none
 * @param trainRouters whether a full training changes the routers of experts too
 * @param memoryLimitBytes refuse above it, 0 for what the machine has
 * @param optimizer what follows the gradients
 * @param merge LoRA: trained through the quantizer of a merge into these formats; null: as if nothing were merged
 */
public record TrainerOptions(
        Mode mode,
        int maxTokens,
        int rank,
        float scale,
        float dropout,
        Set<DecoderModule> targets,
        long seed,
        float loadBalance,
        boolean trainRouters,
        long memoryLimitBytes,
        Optimizer optimizer,
        @Nullable MergeFormats merge) {
    public TrainerOptions {
        targets = Set.copyOf(targets);
    }

    /** A training that knows of no merge. */
    public TrainerOptions(
            Mode mode,
            int maxTokens,
            int rank,
            float scale,
            float dropout,
            Set<DecoderModule> targets,
            long seed,
            float loadBalance,
            boolean trainRouters,
            long memoryLimitBytes) {
        this(mode, maxTokens, rank, scale, dropout, targets, seed, loadBalance, trainRouters, memoryLimitBytes, null);
    }

    /** A training by AdamW. */
    public TrainerOptions(
            Mode mode,
            int maxTokens,
            int rank,
            float scale,
            float dropout,
            Set<DecoderModule> targets,
            long seed,
            float loadBalance,
            boolean trainRouters,
            long memoryLimitBytes,
            @Nullable MergeFormats merge) {
        this(
                mode,
                maxTokens,
                rank,
                scale,
                dropout,
                targets,
                seed,
                loadBalance,
                trainRouters,
                memoryLimitBytes,
                Optimizer.ADAMW,
                merge);
    }

    /** The same with another optimizer. */
    public TrainerOptions with(Optimizer other) {
        return new TrainerOptions(
                mode,
                maxTokens,
                rank,
                scale,
                dropout,
                targets,
                seed,
                loadBalance,
                trainRouters,
                memoryLimitBytes,
                other,
                merge);
    }

    /** What is trained. */
    public enum Mode {
        LORA,
        FULL
    }

    /** What follows the gradients, with moments in float32 or in 8 bits. */
    public enum Optimizer {
        ADAMW,
        ADAMW_8BIT,
        LION,
        LION_8BIT
    }
}
