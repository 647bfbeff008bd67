package dev.chaku.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Sequences to rows of a fixed length, by best-fit decreasing: the longest first, each into the fullest row that still
 * has room. The waste is at most a few tokens in a hundred on ordinary data (Johnson et al., 1974, bound it by 11/9 of
 * the optimum). The same seed and epoch give the same rows in the same order. Only lengths are looked at: rows read
 * their sequences when they are asked for.
 */
public final class Packer {
    private final int rowTokens;
    private final boolean packing;
    private final long seed;
    private final int together;

    /**
     * @param rowTokens length of a row; no sequence may be longer
     * @param packing false for one sequence a row
     * @param seed decides all random choices; the same seed gives the same result
     */
    public Packer(int rowTokens, boolean packing, long seed) {
        this(rowTokens, packing, seed, 1);
    }

    /**
     * Keeps neighbours together, as the answers of a preference pair are.
     *
     * @param rowTokens length of a row; no group may be longer
     * @param packing false for one group a row
     * @param seed decides all random choices; the same seed gives the same result
     * @param together sequences of a group: the first so many, the next so many, and so on, each in their order in one
     *     row
     */
    public Packer(int rowTokens, boolean packing, long seed, int together) {
        this.rowTokens = rowTokens;
        this.packing = packing;
        this.seed = seed;
        this.together = together;
    }

    /**
     * {@return the rows of an epoch, shuffled}
     *
     * @param examples encoded sequences
     * @param epoch pass over the data, counted from 0
     */
    public PackedRows epoch(List<EncodedExample> examples, int epoch) {
        Random random = new Random(seed * 0x9E3779B97F4A7C15L + epoch);
        int[] lengths = lengths(examples);
        int[] groups = groupLengths(lengths);
        int[] order = IntSequence.upTo(groups.length);
        IntSequence.shuffle(order, random);
        int[][] rows = pack(groups, order);
        int[] rowOrder = IntSequence.upTo(rows.length);
        IntSequence.shuffle(rowOrder, random);
        int[][] shuffled = new int[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            shuffled[i] = members(rows[rowOrder[i]]);
        }
        return new PackedRows(examples, lengths, shuffled);
    }

    /**
     * {@return rows in no random order, for evaluation}
     *
     * @param examples encoded sequences
     */
    public PackedRows pack(List<EncodedExample> examples) {
        int[] lengths = lengths(examples);
        int[] groups = groupLengths(lengths);
        int[][] rows = pack(groups, IntSequence.upTo(groups.length));
        return new PackedRows(
                examples, lengths, Arrays.stream(rows).map(this::members).toArray(int[][]::new));
    }

    /** The tokens of each group. */
    private int[] groupLengths(int[] lengths) {
        if (lengths.length % together != 0) {
            throw new IllegalArgumentException(
                    "expected groups of " + together + " sequences, got " + lengths.length + " sequences");
        }
        int[] groups = new int[lengths.length / together];
        for (int i = 0; i < lengths.length; i++) {
            groups[i / together] += lengths[i];
            if (groups[i / together] > rowTokens) {
                throw new IllegalArgumentException(
                        "expected sequences of at most " + rowTokens + " tokens, got one of " + groups[i / together]);
            }
        }
        return groups;
    }

    /** The sequences of a row's groups. */
    private int[] members(int[] groups) {
        int[] members = new int[groups.length * together];
        for (int i = 0; i < members.length; i++) {
            members[i] = groups[i / together] * together + i % together;
        }
        return members;
    }

    private int[] lengths(List<EncodedExample> examples) {
        int[] lengths = new int[examples.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = examples instanceof EncodedExamples encoded
                    ? encoded.length(i)
                    : examples.get(i).length();
        }
        return lengths;
    }

    private int[][] pack(int[] lengths, int[] order) {
        if (!packing) {
            int[][] rows = new int[order.length][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = new int[] {order[i]};
            }
            return rows;
        }
        List<IntSequence> rows = new ArrayList<>();
        // Rows with room left, by that room, the first to have it first among equals.
        TreeMap<Integer, Waiting> byRoom = new TreeMap<>();
        for (int example : longestFirst(lengths, order)) {
            int length = lengths[example];
            Map.Entry<Integer, Waiting> fitting = byRoom.ceilingEntry(length);
            int row = rows.size();
            int room = rowTokens;
            if (fitting == null) {
                rows.add(new IntSequence());
            } else {
                row = fitting.getValue().next();
                room = fitting.getKey();
                if (fitting.getValue().isEmpty()) {
                    byRoom.remove(room);
                }
            }
            rows.get(row).add(example);
            byRoom.computeIfAbsent(room - length, unused -> new Waiting()).add(row);
        }
        return rows.stream().map(IntSequence::toArray).toArray(int[][]::new);
    }

    /** Sorts by counting; equal lengths keep their order. */
    private int[] longestFirst(int[] lengths, int[] order) {
        int longest = Arrays.stream(lengths).max().orElse(0);
        int[] next = new int[longest + 2];
        for (int length : lengths) {
            next[longest - length + 1]++;
        }
        for (int i = 1; i < next.length; i++) {
            next[i] += next[i - 1];
        }
        int[] sorted = new int[order.length];
        for (int example : order) {
            sorted[next[longest - lengths[example]]++] = example;
        }
        return sorted;
    }

    /** Rows in the order in which they came. */
    private static final class Waiting {
        private final IntSequence rows = new IntSequence();
        private int taken;

        void add(int row) {
            rows.add(row);
        }

        int next() {
            return rows.get(taken++);
        }

        boolean isEmpty() {
            return taken == rows.size();
        }
    }
}
