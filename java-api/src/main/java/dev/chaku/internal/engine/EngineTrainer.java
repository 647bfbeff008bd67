package dev.chaku.internal.engine;

import dev.chaku.errors.OperationCancelledException;
import java.nio.FloatBuffer;

/**
 * Parameters, gradients and optimizer state over a model. Single-threaded; {@link #cancel} and {@link #close} alone
 * come from any thread.
 */
public interface EngineTrainer extends AutoCloseable {
    /** What is kept for each parameter. */
    enum Slot {
        VALUE,
        GRADIENT,
        MOMENT1,
        /** Of an optimizer that has two. */
        MOMENT2,
        /**
         * Of a training through a quantizer, what its copies of the weights were made from; of one that subtracts a
         * frozen pair, that.
         */
        FROZEN
    }

    /** Most tokens of one micro-batch. */
    int maxTokens();

    /**
     * Forward and backward of one micro-batch; gradients of weight * cross-entropy are added, not yet normalised.
     *
     * @throws OperationCancelledException if {@link #cancel} was called meanwhile
     */
    BatchLoss accumulate(TrainingBatch batch);

    /** Forward alone, without dropout; of the merged weights where training sees them. */
    BatchLoss evaluate(TrainingBatch batch);

    /**
     * The logits from which {@link #evaluate} takes its loss, of the positions with a weight above 0 in their order.
     *
     * @param logits direct; gets V floats for each from its position, which stays
     */
    void logits(TrainingBatch batch, FloatBuffer logits);

    /**
     * The natural logarithm of the probability of each target, 0 where the weight is 0; the size of the weights is not
     * used.
     *
     * @param backwardFollows with dropout, as {@link #accumulate} sees the batch, keeping what {@link #backward} needs;
     *     else as {@link #evaluate} sees it
     * @return [T]
     */
    double[] logProbs(TrainingBatch batch, boolean backwardFollows);

    /**
     * Backward alone, after {@link #logProbs} of the same index, tokens and starts and nothing between them; gradients
     * of weight * cross-entropy are added, of weights of either sign. A weight that is no number makes the step be
     * skipped.
     *
     * @param weightSum above 0: what the step's divisor grows by
     */
    BatchLoss backward(TrainingBatch batch, double weightSum);

    /** Divides the gradients by the weight sum accumulated since the last step, clips, updates and zeroes them. */
    StepResult step(StepOptions options);

    /** Makes the computation under way, if any, end soon. Any thread; no effect on a closed trainer. */
    void cancel();

    /** Number of trainable matrices. */
    int parameters();

    /** @param index in [0, parameters) */
    ParameterInfo parameter(int index);

    /**
     * Copies a slot of a parameter to a direct buffer, from its position to its limit: exactly rows * columns floats.
     */
    void read(int index, Slot slot, FloatBuffer target);

    /** Copies a direct buffer, from its position to its limit, into a slot: exactly rows * columns floats. */
    void write(int index, Slot slot, FloatBuffer source);

    /**
     * Multiplies with the frozen weight W [N, K] that an A adds to.
     *
     * @param index of a parameter that is an A
     * @param expert of a product of experts, else 0
     * @param transposed whether y [M, K] = x W for x [M, N], rather than y [M, N] = x W^T for x [M, K]
     * @param x direct, from its position to its limit
     * @param y direct, likewise
     */
    void multiply(int index, int expert, boolean transposed, FloatBuffer x, FloatBuffer y);

    /** Restores the number of optimizer steps done (bias correction). */
    void setStep(long step);

    @Override
    void close();
}
