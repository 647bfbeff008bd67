package dev.chaku.internal.schedule;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whose turn it is: those of higher priority first, then those of whose share least was computed, then those that came
 * first. Of the scheduler's thread.
 */
final class Turns {
    /** Tokens that were computed for a share since others that are here joined it. */
    private final Map<String, Long> served = new HashMap<>();

    /** The order in which texts are begun. */
    Comparator<Work> order() {
        return Comparator.<Work>comparingInt(work -> -work.order.priority())
                .thenComparingLong(work -> served.getOrDefault(work.order.share(), 0L))
                .thenComparingLong(work -> work.number);
    }

    /** The order in which texts are given up where memory is short. */
    static Comparator<Work> firstToGo() {
        return Comparator.<Work>comparingInt(work -> work.isReady() ? 1 : 0)
                .thenComparingInt(work -> work.order.priority())
                .thenComparingLong(work -> -work.number);
    }

    /** One of a share has come: it has no claim for the time when none of it was here. */
    void join(String share, List<Work> here) {
        if (here.stream().noneMatch(work -> work.order.share().equals(share))) {
            long least = here.stream()
                    .mapToLong(work -> served.getOrDefault(work.order.share(), 0L))
                    .min()
                    .orElse(0);
            served.merge(share, least, Math::max);
        }
        if (here.isEmpty()) {
            served.clear();
        }
    }

    void serve(String share, int tokens) {
        served.merge(share, (long) tokens, Long::sum);
    }
}
