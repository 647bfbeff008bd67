package dev.chaku.data.doctor;

import java.util.Map;
import java.util.TreeMap;

/** How many rows sequences pack into, from their lengths alone: what {@link dev.chaku.data.Packer} makes, counted. */
final class RowCount {
    private RowCount() {}

    /**
     * Best-fit decreasing.
     *
     * @param ascending lengths; longer ones than a row count as a row's length
     */
    static int of(int[] ascending, int rowTokens) {
        TreeMap<Integer, Integer> rowsByRoom = new TreeMap<>();
        int rows = 0;
        for (int i = ascending.length - 1; i >= 0; i--) {
            int length = Math.min(ascending[i], rowTokens);
            Map.Entry<Integer, Integer> fitting = rowsByRoom.ceilingEntry(length);
            int room = rowTokens;
            if (fitting == null) {
                rows++;
            } else {
                room = fitting.getKey();
                if (fitting.getValue() == 1) {
                    rowsByRoom.remove(room);
                } else {
                    rowsByRoom.put(room, fitting.getValue() - 1);
                }
            }
            rowsByRoom.merge(room - length, 1, Integer::sum);
        }
        return rows;
    }
}
