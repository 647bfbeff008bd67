package dev.chaku.internal.generate;

import java.util.List;
import java.util.function.Consumer;

/**
 * Passes text on until a stop string comes up. What might be the beginning of one is held back, so that no part of a
 * stop string is ever passed on, wherever the borders of the pieces lie. Not thread-safe.
 */
final class StopMatcher {
    private final List<String> stops;
    private final Consumer<String> sink;
    private final StringBuilder text = new StringBuilder();
    private int passedOn;
    private boolean stopped;

    StopMatcher(List<String> stops, Consumer<String> sink) {
        this.stops = stops;
        this.sink = sink;
    }

    /**
     * Adds a piece.
     *
     * @return whether a stop string has come up: the text is complete
     */
    boolean add(String piece) {
        if (stopped || piece.isEmpty()) {
            return stopped;
        }
        text.append(piece);
        int end = firstStop();
        if (end >= 0) {
            text.setLength(end);
            stopped = true;
        } else {
            end = text.length() - heldBack();
        }
        passOn(end);
        return stopped;
    }

    /** Ends the text where it is: what was held back belongs to it. */
    void finish() {
        passOn(text.length());
    }

    /** All that was or will be passed on. */
    String text() {
        return text.toString();
    }

    private void passOn(int end) {
        if (end > passedOn) {
            String piece = text.substring(passedOn, end);
            passedOn = end;
            sink.accept(piece);
        }
    }

    /** Where the first stop string begins, -1 if there is none. */
    private int firstStop() {
        int first = -1;
        for (String stop : stops) {
            int at = text.indexOf(stop, passedOn);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        return first;
    }

    /** Length of the longest end of the text that begins a stop string. */
    private int heldBack() {
        int longest = 0;
        for (String stop : stops) {
            int most = Math.min(stop.length() - 1, text.length() - passedOn);
            for (int n = most; n > longest; n--) {
                if (endsWith(stop, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private boolean endsWith(String stop, int n) {
        for (int i = 0; i < n; i++) {
            if (text.charAt(text.length() - n + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
