package dev.chaku.internal.schedule;

/** Drafts how one text goes on. Of the scheduler's thread. */
interface Drafter {
    /**
     * Says how many tokens it could draft behind those that are known; {@link #draft} may follow.
     *
     * @param most at least 1
     */
    int offer(int most);

    /** How likely a token of the draft is to come where those before it have. */
    double chance();

    /** What each further token of a draft costs, those of other texts included. */
    double nanosPerToken();

    /**
     * Has tokens drafted, at once or by {@link DraftModel#draft}.
     *
     * @param n at least 1, and no more than were offered
     */
    void draft(int n);

    /** A draft was verified. */
    void learn(int drafted, int accepted);

    /** What was offered is not wanted now. */
    void rest();

    void close();
}
