package dev.chaku.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A curve in letters: each holds two by four dots (Braille). The whole run has its place from left to right, so that
 * one sees how much is left. Values are joined; of steps that share a dot's column all are covered. Not thread-safe.
 */
final class LossCurve {
    private static final int BRAILLE = 0x2800;
    /** The bit of each dot of a letter, by row and column. */
    private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    private static final int LABEL = 7;

    private final List<Integer> steps = new ArrayList<>();
    private final List<Double> values = new ArrayList<>();

    /** Adds a value of a later step. */
    void add(int step, double value) {
        if (Double.isFinite(value)) {
            steps.add(step);
            values.add(value);
        }
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    /**
     * The picture, one text a row, of so many columns each.
     *
     * @param totalSteps where the right edge is
     */
    List<String> draw(int columns, int rows, int totalSteps) {
        int width = 2 * (columns - LABEL - 2);
        int height = 4 * rows;
        double low = values.stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double high = values.stream().mapToDouble(Double::doubleValue).max().orElse(1);
        double span = high > low ? high - low : Math.max(1e-9, Math.abs(high) * 0.1);
        int[][] cells = new int[rows][width / 2];
        int[] least = new int[width];
        int[] greatest = new int[width];
        Arrays.fill(least, Integer.MAX_VALUE);
        Arrays.fill(greatest, -1);
        int beforeX = -1;
        int beforeY = -1;
        for (int i = 0; i < values.size(); i++) {
            int x = (int) Math.min(width - 1, (long) (steps.get(i) - 1) * width / Math.max(1, totalSteps));
            int y = (int) Math.round((high - values.get(i)) / span * (height - 1));
            for (int between = beforeX < 0 ? x : Math.min(x, beforeX + 1); between <= x; between++) {
                int to =
                        beforeX < 0 || x == beforeX ? y : beforeY + (y - beforeY) * (between - beforeX) / (x - beforeX);
                int from = beforeY < 0 ? to : beforeY;
                least[between] = Math.min(least[between], Math.min(from, to));
                greatest[between] = Math.max(greatest[between], Math.max(from, to));
                beforeY = to;
            }
            beforeX = x;
        }
        for (int x = 0; x < width; x++) {
            for (int y = Math.max(0, least[x]); y <= greatest[x]; y++) {
                cells[y / 4][x / 2] |= DOTS[y % 4][x % 2];
            }
        }
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            String label = row == 0 ? number(high) : row == rows - 1 ? number(high > low ? low : high - span) : "";
            StringBuilder line = new StringBuilder(
                    String.format(Locale.ROOT, "%" + LABEL + "s %s", label, label.isEmpty() ? "│" : "┤"));
            for (int cell : cells[row]) {
                line.append(cell == 0 ? ' ' : (char) (BRAILLE + cell));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private static String number(double value) {
        double size = Math.abs(value);
        return String.format(
                Locale.ROOT, size >= 1000 || size > 0 && size < 0.001 ? "%.1e" : size >= 100 ? "%.1f" : "%.4f", value);
    }
}
