package dev.chaku.internal.generate.grammar;

import java.util.Arrays;

/** A row of integers as a key of a table; not copied. */
final class IntKey {
    private final int[] values;
    private final int hash;

    IntKey(int[] values) {
        this.values = values;
        this.hash = Arrays.hashCode(values);
    }

    int[] values() {
        return values;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IntKey key && hash == key.hash && Arrays.equals(values, key.values);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
