package dev.chaku.internal.schedule;

import java.util.Arrays;

/**
 * Drafts what followed the last tokens of a text where they stood before, in the prompt or in what was generated. Of
 * several such places it takes the one with most tokens in common, the later of those alike. Where there is none since
 * a copy has another token in one place, it goes on with what stands behind that place. A copy that reaches its own
 * beginning goes on with what was drafted, as periodic text does.
 */
final class LookupDrafter implements Drafter {
    /** Tokens that a place must have in common with the end of the text. */
    private static final int LEAST = 3;

    /** Longer beginnings are alike. */
    private static final int MOST = 32;
    /** Places that are looked at, the latest first. */
    private static final int PLACES = 16;

    private static final int HASH = 0x9E3779B1;
    /** What is assumed of drafts after at least so many tokens in common, before it is known. */
    private static final int[] LENGTHS = {3, 4, 6, 9, 17};

    private static final double[] FIRST = {0.4, 0.55, 0.7, 0.85, 0.95, 0.5};
    /** The kind of a copy with another token. */
    private static final int CHANGED = LENGTHS.length;

    private final GenerationWork work;
    private final Chance[] chances = new Chance[FIRST.length];
    /** The last place of each hash, plus 1; 0 for none. */
    private int[] heads = new int[256];
    /** By place, the one before it of the same hash. */
    private int[] before = new int[256];

    /** Tokens whose places are entered. */
    private int entered;
    /** Class of the length that the last offer has in common. */
    private int kind;
    /** How far back its tokens begin. */
    private int distance;
    /** That of the last draft that came; 0 for none. */
    private int copied;

    LookupDrafter(GenerationWork work) {
        this.work = work;
        for (int i = 0; i < chances.length; i++) {
            chances[i] = new Chance(FIRST[i]);
        }
    }

    @Override
    public int offer(int most) {
        int known = work.known;
        if (known <= LEAST) {
            return 0;
        }
        enter(known - 1); // the end of the text itself is no place to go on from
        int longest = 0;
        int place = heads[hash(known)];
        for (int i = 0; i < PLACES && place > 0; i++, place = before[place]) {
            int common = common(place, known);
            if (common > longest) {
                longest = common;
                distance = known - place;
            }
        }
        if (longest < LEAST && copied == 0) {
            return 0;
        }
        if (longest < LEAST) {
            kind = CHANGED;
            distance = copied;
        } else {
            kind = kindOf(longest);
        }
        return work.copyDraft(known - distance, most);
    }

    private static int kindOf(int common) {
        int kind = 0;
        while (kind + 1 < LENGTHS.length && common >= LENGTHS[kind + 1]) {
            kind++;
        }
        return kind;
    }

    /** Enters the places that end before {@code end}: a place is the index behind its tokens. */
    private void enter(int end) {
        if (before.length <= end) {
            before = Arrays.copyOf(before, Math.max(end + 1, 2 * before.length));
        }
        if (heads.length < end) {
            heads = new int[Integer.highestOneBit(end) * 4];
            entered = 0;
        }
        for (int place = Math.max(LEAST, entered + 1); place <= end; place++) {
            int hash = hash(place);
            before[place] = heads[hash];
            heads[hash] = place;
        }
        entered = Math.max(entered, end);
    }

    private int hash(int place) {
        int hash = 0;
        for (int i = 1; i <= LEAST; i++) {
            hash = (hash + work.tokens[place - i]) * HASH;
        }
        return hash >>> (Integer.SIZE - Integer.numberOfTrailingZeros(heads.length));
    }

    private int common(int a, int b) {
        int most = Math.min(MOST, a);
        int common = 0;
        while (common < most && work.tokens[a - 1 - common] == work.tokens[b - 1 - common]) {
            common++;
        }
        return common;
    }

    @Override
    public double chance() {
        return chances[kind].now();
    }

    @Override
    public double nanosPerToken() {
        return 0;
    }

    @Override
    public void draft(int n) {
        work.drafted = n; // the tokens are there since they were offered
    }

    @Override
    public void learn(int drafted, int accepted) {
        chances[kind].learn(drafted, accepted);
        copied = accepted > 0 ? distance : copied;
    }

    @Override
    public void rest() {
        chances[kind].rest();
    }

    @Override
    public void close() {}
}
