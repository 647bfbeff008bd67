package dev.chaku.data.doctor;

/**
 * Numbers of texts under the keys that they have, a few per key: open-addressing tables of 8 bytes a slot, half of them
 * a key's fingerprint and half a number, 11 to 21 bytes an entry. Two keys share a fingerprint once in four thousand
 * million; who asks compares the texts. Small tables grow one by one, so that no large piece of memory is needed twice
 * at once. Not thread-safe.
 */
final class BandTable {
    private static final int NONE = -1;
    private static final int TABLE_BITS = 8;
    private static final int SLOT_BITS = Integer.SIZE - 1 - TABLE_BITS;
    private static final int SLOTS = (1 << SLOT_BITS) - 1;

    private final int most;
    private final long[][] tables = new long[1 << TABLE_BITS][1 << 3];
    private final int[] used = new int[1 << TABLE_BITS];

    /** @param most numbers kept under one key; later ones are not */
    BandTable(int most) {
        this.most = most;
    }

    void add(long key, int number) {
        int fingerprint = fingerprint(key);
        int which = table(fingerprint);
        int length = 0;
        for (int entry = first(key); entry != NONE; entry = after(entry)) {
            length++;
        }
        if (length == most) {
            return;
        }
        put(tables[which], slot(fingerprint, number));
        if (4 * ++used[which] > 3 * tables[which].length) {
            tables[which] = grown(tables[which]);
        }
    }

    /**
     * The first entry under a key, or -1; its number is told by {@link #number}, the entry after it by {@link #after}.
     */
    int first(long key) {
        int fingerprint = fingerprint(key);
        return next(table(fingerprint), fingerprint, home(fingerprint));
    }

    int number(int entry) {
        return (int) tables[entry >>> SLOT_BITS][entry & SLOTS] - 1;
    }

    int after(int entry) {
        int which = entry >>> SLOT_BITS;
        long slot = tables[which][entry & SLOTS];
        return next(which, (int) (slot >>> Integer.SIZE), (entry & SLOTS) + 1);
    }

    private int next(int which, int fingerprint, int from) {
        long[] table = tables[which];
        int mask = table.length - 1;
        for (int place = from & mask; table[place] != 0; place = place + 1 & mask) {
            if ((int) (table[place] >>> Integer.SIZE) == fingerprint) {
                return which << SLOT_BITS | place;
            }
        }
        return NONE;
    }

    private static int fingerprint(long key) {
        return (int) (key ^ key >>> Integer.SIZE);
    }

    private static int table(int fingerprint) {
        return fingerprint >>> Integer.SIZE - TABLE_BITS;
    }

    private static int home(int fingerprint) {
        return fingerprint & SLOTS;
    }

    /** A slot that is taken; one that is free is 0. */
    private static long slot(int fingerprint, int number) {
        return (long) fingerprint << Integer.SIZE | number + 1;
    }

    private static void put(long[] table, long slot) {
        int mask = table.length - 1;
        int place = home((int) (slot >>> Integer.SIZE)) & mask;
        while (table[place] != 0) {
            place = place + 1 & mask;
        }
        table[place] = slot;
    }

    /**
     * A table of twice the size. Entries of one key keep their order: the copying begins where no run of slots goes on.
     */
    private static long[] grown(long[] table) {
        long[] grown = new long[2 * table.length];
        int begin = 0;
        while (table[begin] != 0) {
            begin++;
        }
        for (int i = 0; i < table.length; i++) {
            long slot = table[begin + i & table.length - 1];
            if (slot != 0) {
                put(grown, slot);
            }
        }
        return grown;
    }
}
