package dev.chaku.train;

import java.util.List;

/** What a training makes small. Each kind is a record with its own numbers. */
public sealed interface Loss extends SettingGroup {
    /** The loss of imitation: -log of the probability of each trained token, in nats, by its weight. */
    record CrossEntropy() implements Loss {
        /** None, and no name of its own: what older descriptions of runs do not name. */
        @Override
        public List<Setting> settings() {
            return List.of();
        }
    }
}
