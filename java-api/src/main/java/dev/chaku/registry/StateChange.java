package dev.chaku.registry;

import java.time.Instant;
import java.util.List;

/**
 * A line of the history of a name: a version came into another state.
 *
 * @param at when
 * @param by the user of the system
 * @param action {@code promote}, {@code rollback} or {@code archive} and so on: what was asked for
 * @param number of the version
 * @param from the state before
 * @param to the state after
 * @param replaced the number of the version that was in production before, 0 if none was or it stayed
 * @param gates what was demanded, and held
 */
public record StateChange(
        Instant at,
        String by,
        String action,
        int number,
        VersionState from,
        VersionState to,
        int replaced,
        List<String> gates) {

    /** Copies the gates. */
    public StateChange {
        gates = List.copyOf(gates);
    }
}
