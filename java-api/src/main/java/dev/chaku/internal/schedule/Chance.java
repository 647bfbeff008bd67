package dev.chaku.internal.schedule;

/** How often a drafted token comes where those before it have: as it lately was. Not thread-safe. */
final class Chance {
    private static final double NEW = 0.1;
    /** Of the way back to where it began, for each time that nothing was drafted. */
    private static final double BACK = 0.01;

    private static final double MOST = 0.98;
    private final double first;
    private double now;

    /** @param first what is assumed before anything is known */
    Chance(double first) {
        this.first = first;
        this.now = first;
    }

    double now() {
        return now;
    }

    /** A draft was verified: so many of its tokens came, and those behind them were not tried. */
    void learn(int drafted, int accepted) {
        for (int i = 0; i < accepted; i++) {
            now += NEW * (MOST - now);
        }
        if (accepted < drafted) {
            now -= NEW * now;
        }
    }

    /** Nothing was drafted: after a while it is worth another try. */
    void rest() {
        now += BACK * (first - now);
    }
}
