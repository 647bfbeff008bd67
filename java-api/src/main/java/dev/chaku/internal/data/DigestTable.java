package dev.chaku.internal.data;

import java.util.Arrays;

/**
 * Numbers of texts by their digests, in open-addressing tables: 27 to 53 bytes a text and no object. There are many
 * tables that grow one by one, so that no large piece of memory is needed twice at once. Not thread-safe.
 */
public final class DigestTable {
    /** What {@link #get} says of a text that is not there. */
    public static final int NONE = -1;

    private static final int TABLE_BITS = 8;

    private final Table[] tables = new Table[1 << TABLE_BITS];

    /** Puts a number under a text that has none yet; the number that it has, or {@link #NONE} if it had none. */
    public int putIfAbsent(TextDigest text, int number) {
        int which = which(text);
        if (tables[which] == null) {
            tables[which] = new Table();
        }
        return tables[which].putIfAbsent(text.high(), text.low(), number);
    }

    /** The number of a text, or {@link #NONE}. */
    public int get(TextDigest text) {
        Table table = tables[which(text)];
        return table == null ? NONE : table.numbers[table.place(text.high(), text.low())];
    }

    private static int which(TextDigest text) {
        return (int) (text.high() >>> Long.SIZE - TABLE_BITS);
    }

    private static final class Table {
        private long[] keys = new long[2 << 3];
        private int[] numbers = free(1 << 3);
        private int size;

        int putIfAbsent(long high, long low, int number) {
            int place = place(high, low);
            if (numbers[place] != NONE) {
                return numbers[place];
            }
            put(place, high, low, number);
            if (4 * ++size > 3 * numbers.length) {
                grow();
            }
            return NONE;
        }

        int place(long high, long low) {
            int mask = numbers.length - 1;
            int place = (int) high & mask;
            while (numbers[place] != NONE && (keys[2 * place] != high || keys[2 * place + 1] != low)) {
                place = place + 1 & mask;
            }
            return place;
        }

        private void put(int place, long high, long low, int number) {
            keys[2 * place] = high;
            keys[2 * place + 1] = low;
            numbers[place] = number;
        }

        private void grow() {
            long[] oldKeys = keys;
            int[] oldNumbers = numbers;
            keys = new long[2 * oldKeys.length];
            numbers = free(2 * oldNumbers.length);
            for (int i = 0; i < oldNumbers.length; i++) {
                if (oldNumbers[i] != NONE) {
                    put(place(oldKeys[2 * i], oldKeys[2 * i + 1]), oldKeys[2 * i], oldKeys[2 * i + 1], oldNumbers[i]);
                }
            }
        }

        private static int[] free(int n) {
            int[] numbers = new int[n];
            Arrays.fill(numbers, NONE);
            return numbers;
        }
    }
}
