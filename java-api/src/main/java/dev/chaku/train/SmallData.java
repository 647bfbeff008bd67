package dev.chaku.train;

import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

/**
 * What may be altered for data so few that the settings would make less than a hundred optimizer steps of them: an
 * adapter that starts from nothing has then learned little. More steps come from shorter rows, which hold fewer
 * examples each, and if those do not suffice from more passes over the data.
 */
public enum SmallData {
    /** The length of rows, and with it the longest sequence: down to the longest example. */
    ROWS,
    /** Passes over the data, up to twenty. */
    EPOCHS;

    private static final int ENOUGH_STEPS = 100;
    private static final int MOST_EPOCHS = 20;

    /**
     * {@return settings that make enough steps, or as many as may be; the same where they do already}
     *
     * @param config the settings to begin with
     * @param may what may be altered
     * @param longest finds the tokens of the longest example
     * @param tokens of all examples
     * @param steps counts the optimizer steps of settings
     */
    public static TrainingConfig suit(
            TrainingConfig config,
            Set<SmallData> may,
            IntSupplier longest,
            long tokens,
            ToIntFunction<TrainingConfig> steps) {
        // Many data are not packed for the counting alone.
        boolean many = tokens
                        / config.batching().batchTokens()
                        * config.batching().epochs()
                        / config.batching().gradAccumulation()
                > ENOUGH_STEPS;
        if (many || config.batching().maxSteps() > 0 || steps.applyAsInt(config) >= ENOUGH_STEPS) {
            return config;
        }
        TrainingConfig suited = config;
        if (may.contains(ROWS)) {
            long rows = ((long) ENOUGH_STEPS * config.batching().gradAccumulation()
                            + config.batching().epochs()
                            - 1)
                    / config.batching().epochs();
            int length = (int)
                    Math.min(config.batching().batchTokens(), Math.max(Math.max(2, longest.getAsInt()), tokens / rows));
            suited = suited.with(
                    c -> c.maxLength(Math.max(2, Math.min(config.batching().maxLength(), length)))
                            .batchTokens(length));
        }
        if (may.contains(EPOCHS)) {
            int perEpoch = Math.max(1, steps.applyAsInt(suited.with(c -> c.epochs(1))));
            int epochs = Math.min(MOST_EPOCHS, (ENOUGH_STEPS + perEpoch - 1) / perEpoch);
            if (epochs > suited.batching().epochs()) {
                suited = suited.with(c -> c.epochs(epochs));
            }
        }
        return suited;
    }
}
