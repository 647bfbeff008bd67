package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * How much of the data makes an optimizer step, and how many steps there are.
 *
 * @param epochs passes over the data; may be broken off by maxSteps
 * @param maxSteps most optimizer steps, 0 for no limit
 * @param maxLength longest sequence in tokens
 * @param batchTokens tokens of one micro-batch, at least maxLength: sequences are packed into rows of this length; 0
 *     for maxLength
 * @param gradAccumulation micro-batches per optimizer step
 * @param packing whether several sequences share a row; each attends to itself alone either way
 */
public record Batching(int epochs, int maxSteps, int maxLength, int batchTokens, int gradAccumulation, boolean packing)
        implements SettingGroup {

    /** @throws BadInputException if a setting is out of its range */
    public Batching {
        require(epochs >= 1, "epochs", "at least 1", epochs);
        require(maxSteps >= 0, "max steps", "at least 0", maxSteps);
        require(maxLength >= 2, "max length", "at least 2 tokens", maxLength);
        batchTokens = batchTokens == 0 ? maxLength : batchTokens;
        require(batchTokens >= maxLength, "batch tokens", "at least the max length of " + maxLength, batchTokens);
        require(gradAccumulation >= 1, "grad accumulation", "at least 1", gradAccumulation);
    }

    /** {@return three passes over rows of 1024 tokens, packed, one a step} */
    public static Batching defaults() {
        return new Batching(3, 0, 1024, 0, 1, true);
    }

    /**
     * A copy with so many passes over the data.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Batching withEpochs(int value) {
        return new Batching(value, maxSteps, maxLength, batchTokens, gradAccumulation, packing);
    }

    /**
     * A copy with so many steps at most.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Batching withMaxSteps(int value) {
        return new Batching(epochs, value, maxLength, batchTokens, gradAccumulation, packing);
    }

    /**
     * A copy with sequences, and rows, of this length; set batchTokens afterwards for longer rows.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Batching withMaxLength(int value) {
        return new Batching(epochs, maxSteps, value, value, gradAccumulation, packing);
    }

    /**
     * A copy with rows of so many tokens.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Batching withBatchTokens(int value) {
        return new Batching(epochs, maxSteps, maxLength, value, gradAccumulation, packing);
    }

    /**
     * A copy with so many rows a step.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Batching withGradAccumulation(int value) {
        return new Batching(epochs, maxSteps, maxLength, batchTokens, value, packing);
    }

    /**
     * A copy where several sequences share a row, or none do.
     *
     * @param on whether it is so
     * @return the copy
     */
    public Batching withPacking(boolean on) {
        return new Batching(epochs, maxSteps, maxLength, batchTokens, gradAccumulation, on);
    }

    /**
     * {@return optimizer steps of a whole run over so many rows an epoch}
     *
     * @param rowsPerEpoch at least 0
     */
    public int totalSteps(int rowsPerEpoch) {
        int perEpoch = (rowsPerEpoch + gradAccumulation - 1) / gradAccumulation;
        return (int) Math.min(maxSteps > 0 ? maxSteps : Integer.MAX_VALUE, (long) perEpoch * epochs);
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.of("epochs", epochs),
                Setting.of("max_steps", maxSteps),
                Setting.of("max_length", maxLength),
                Setting.of("batch_tokens", batchTokens),
                Setting.of("grad_accumulation", gradAccumulation),
                Setting.of("packing", packing));
    }
}
