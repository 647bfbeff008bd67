package dev.chaku.data;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * Rows that are known by the indices of their sequences, and built whenever one is asked for. As thread-safe as these.
 */
public final class PackedRows extends AbstractList<PackedRow> implements RandomAccess {
    private final List<EncodedExample> examples;
    private final int[] lengths;
    private final int[][] rows;

    /**
     * @param lengths of the examples, by index
     * @param rows indices of each row's examples; none is copied
     */
    PackedRows(List<EncodedExample> examples, int[] lengths, int[][] rows) {
        this.examples = examples;
        this.lengths = lengths;
        this.rows = rows;
    }

    @Override
    public PackedRow get(int i) {
        return PackedRow.of(Arrays.stream(rows[i]).mapToObj(examples::get).toList(), rows[i]);
    }

    @Override
    public int size() {
        return rows.length;
    }

    /** {@return tokens of the longest row, 0 without rows} */
    public int longest() {
        return Arrays.stream(rows)
                .mapToInt(row -> Arrays.stream(row).map(i -> lengths[i]).sum())
                .max()
                .orElse(0);
    }
}
