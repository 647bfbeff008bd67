package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * What concerns models of experts alone.
 *
 * @param loadBalance coefficient of the load-balance loss: its gradient spreads tokens evenly over the experts; 0 for
 *     none, 0.001 to 0.01 as a rule
 * @param trainRouters whether a full training changes the routers of experts too; they decide which expert a token
 *     meets, and stay as they are unless asked for
 */
public record Experts(double loadBalance, boolean trainRouters) implements SettingGroup {
    /** @throws BadInputException if a setting is out of its range */
    public Experts {
        require(loadBalance >= 0 && loadBalance < 10, "load balance", "at least 0 and less than 10", loadBalance);
    }

    /** {@return no load-balance loss, routers as they are} */
    public static Experts defaults() {
        return new Experts(0, false);
    }

    /**
     * A copy with another coefficient.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Experts withLoadBalance(double value) {
        return new Experts(value, trainRouters);
    }

    /**
     * A copy where routers are trained, or not.
     *
     * @param on whether it is so
     * @return the copy
     */
    public Experts withTrainRouters(boolean on) {
        return new Experts(loadBalance, on);
    }

    @Override
    public List<Setting> settings() {
        return List.of(Setting.of("load_balance", loadBalance), Setting.of("train_routers", trainRouters));
    }
}
