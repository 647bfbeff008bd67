package dev.chaku.data;

/** Longs without a box each, as two sequences of their halves. Not thread-safe. */
final class LongSequence {
    private final IntSequence high = new IntSequence();
    private final IntSequence low = new IntSequence();

    void add(long value) {
        high.add((int) (value >>> Integer.SIZE));
        low.add((int) value);
    }

    long get(int i) {
        return (long) high.get(i) << Integer.SIZE | low.get(i) & 0xFFFF_FFFFL;
    }
}
