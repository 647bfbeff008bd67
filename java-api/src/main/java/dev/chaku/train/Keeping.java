package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * When a run looks at itself and what it keeps.
 *
 * @param earlyStopping stop after so many validations without a lower loss, and end with the parameters of the best
 *     one; 0 for never
 * @param evalSteps steps between validations, 0 for one at the end of each epoch
 * @param saveSteps steps between checkpoints, 0 for none
 * @param keepCheckpoints newest checkpoints that are kept
 */
public record Keeping(int earlyStopping, int evalSteps, int saveSteps, int keepCheckpoints) implements SettingGroup {
    /** @throws BadInputException if a setting is out of its range */
    public Keeping {
        require(evalSteps >= 0, "eval steps", "at least 0", evalSteps);
        require(earlyStopping >= 0, "early stopping", "at least 0 validations", earlyStopping);
        require(saveSteps >= 0, "save steps", "at least 0", saveSteps);
        require(keepCheckpoints >= 1, "kept checkpoints", "at least 1", keepCheckpoints);
    }

    /** {@return a checkpoint every 500 steps, of which two are kept; a validation an epoch; no early stopping} */
    public static Keeping defaults() {
        return new Keeping(0, 0, 500, 2);
    }

    /**
     * A copy that stops after so many validations without a lower loss.
     *
     * @param validations 0 for never
     * @return the copy
     */
    public Keeping withEarlyStopping(int validations) {
        return new Keeping(validations, evalSteps, saveSteps, keepCheckpoints);
    }

    /**
     * A copy with so many steps between validations.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withEvalSteps(int value) {
        return new Keeping(earlyStopping, value, saveSteps, keepCheckpoints);
    }

    /**
     * A copy with so many steps between checkpoints.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withSaveSteps(int value) {
        return new Keeping(earlyStopping, evalSteps, value, keepCheckpoints);
    }

    /**
     * A copy that keeps so many checkpoints.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withKeepCheckpoints(int value) {
        return new Keeping(earlyStopping, evalSteps, saveSteps, value);
    }

    /** {@return whether validations decide the result} Without early stopping they only tell. */
    public boolean stopsEarly() {
        return earlyStopping > 0;
    }

    /** The settings but for the number of checkpoints that are kept, which is nobody's later. */
    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.of("early_stopping", earlyStopping),
                new Setting("eval_steps", evalSteps, stopsEarly()),
                new Setting("save_steps", saveSteps, false));
    }
}
