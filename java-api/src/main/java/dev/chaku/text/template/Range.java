package dev.chaku.text.template;

import java.util.AbstractList;

/** Python's range, as a list of {@code Long} that is computed on access. */
final class Range extends AbstractList<Object> {
    private final long start;
    private final long stop;
    private final long step;
    private final int size;

    Range(long start, long stop, long step) {
        if (step == 0) {
            throw TemplateFault.value("range() arg 3 must not be zero");
        }
        double count = Math.ceil(((double) stop - start) / step);
        if (count > Budget.MAX_RANGE) {
            throw new TemplateFault(
                    "OverflowError",
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).".formatted(Budget.MAX_RANGE));
        }
        this.start = start;
        this.stop = stop;
        this.step = step;
        this.size = (int) Math.max(0, count);
    }

    /** The range of the elements from an index on, before another, every so many. */
    Range slice(long from, long to, long by) {
        return new Range(start + from * step, start + to * step, step * by);
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public String toString() {
        return step == 1 ? "range(%d, %d)".formatted(start, stop) : "range(%d, %d, %d)".formatted(start, stop, step);
    }
}
