package dev.chaku.train;

import java.util.List;

/**
 * Settings that belong together. A group is an immutable value that checks its own ranges when it is made, and alone
 * knows the names under which its settings are written beside a run and compared when the run is resumed.
 */
public sealed interface SettingGroup permits Batching, Schedule, Optimizer, Experts, Keeping, Loss, Method {
    /** {@return the settings in the order in which they are written} */
    List<Setting> settings();
}
