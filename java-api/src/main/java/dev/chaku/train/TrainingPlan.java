package dev.chaku.train;

/**
 * What a training would do and take, computed without training.
 *
 * @param examples sequences per epoch
 * @param tokensPerEpoch all tokens, trained or not
 * @param trainedTokensPerEpoch tokens with a weight
 * @param rowsPerEpoch micro-batches
 * @param steps optimizer steps in all
 * @param parameters values that are trained
 * @param epochs passes over the data
 * @param rowTokens longest row
 * @param memory what the process takes at most, part by part
 * @param records what became of the records of the data
 */
public record TrainingPlan(
        long examples,
        long tokensPerEpoch,
        long trainedTokensPerEpoch,
        int rowsPerEpoch,
        int steps,
        long parameters,
        int epochs,
        int rowTokens,
        TrainingMemory memory,
        RecordCounts records) {
    /** Below so many steps an adapter, which starts from nothing, has as a rule learned little. */
    private static final int FEW_STEPS = 50;

    /** {@return whether the steps are so few that they will change little} */
    public boolean hasFewSteps() {
        return steps < FEW_STEPS;
    }

    /** {@return passes over the data that would make steps enough} */
    public int epochsForEnoughSteps() {
        return (int) Math.ceil((double) 2 * FEW_STEPS * epochs / Math.max(1, steps));
    }
}
