package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;

/**
 * When a run looks at itself and what it keeps.
 *
 * @param earlyStopping stop after so many validations without a lower loss, and end with the parameters of the best
 *     one; 0 for never
 * @param evalSteps steps between validations, 0 for one at the end of each epoch
 * @param evalAnswers examples of the validation data that each validation lets the adapter answer, and whose answers it
 *     measures as an evaluation does; 0 for none
 * @param saveSteps steps between checkpoints, 0 for none
 * @param keepCheckpoints newest checkpoints that are kept
 */
public record Keeping(int earlyStopping, int evalSteps, int evalAnswers, int saveSteps, int keepCheckpoints)
        implements SettingGroup {
    /** @throws BadInputException if a setting is out of its range */
    public Keeping {
        require(evalSteps >= 0, "eval steps", "at least 0", evalSteps);
        require(earlyStopping >= 0, "early stopping", "at least 0 validations", earlyStopping);
        require(evalAnswers >= 0, "eval answers", "at least 0", evalAnswers);
        require(saveSteps >= 0, "save steps", "at least 0", saveSteps);
        require(keepCheckpoints >= 1, "kept checkpoints", "at least 1", keepCheckpoints);
    }

    /** {@return a checkpoint every 500 steps, of which two are kept; a validation an epoch; no early stopping} */
    public static Keeping defaults() {
        return new Keeping(0, 0, 0, 500, 2);
    }

    /**
     * A copy that stops after so many validations without a lower loss.
     *
     * @param validations 0 for never
     * @return the copy
     */
    public Keeping withEarlyStopping(int validations) {
        return new Keeping(validations, evalSteps, evalAnswers, saveSteps, keepCheckpoints);
    }

    /**
     * A copy with so many steps between validations.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withEvalSteps(int value) {
        return new Keeping(earlyStopping, value, evalAnswers, saveSteps, keepCheckpoints);
    }

    /**
     * A copy that lets so many examples be answered at each validation.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withEvalAnswers(int value) {
        return new Keeping(earlyStopping, evalSteps, value, saveSteps, keepCheckpoints);
    }

    /**
     * A copy with so many steps between checkpoints.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withSaveSteps(int value) {
        return new Keeping(earlyStopping, evalSteps, evalAnswers, value, keepCheckpoints);
    }

    /**
     * A copy that keeps so many checkpoints.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Keeping withKeepCheckpoints(int value) {
        return new Keeping(earlyStopping, evalSteps, evalAnswers, saveSteps, value);
    }

    /** {@return whether validations decide the result} Without early stopping they only tell. */
    public boolean stopsEarly() {
        return earlyStopping > 0;
    }

    /** The settings but for the number of checkpoints that are kept, which is nobody's later. */
    @Override
    public List<Setting> settings() {
        List<Setting> settings = new ArrayList<>();
        settings.add(Setting.of("early_stopping", earlyStopping));
        settings.add(new Setting("eval_steps", evalSteps, stopsEarly()));
        if (evalAnswers > 0) {
            settings.add(new Setting("eval_answers", evalAnswers, false));
        }
        settings.add(new Setting("save_steps", saveSteps, false));
        return settings;
    }
}
