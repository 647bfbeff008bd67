package dev.chaku.internal.adapter.merge;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** Adds up how the change that was written compares with the one that was wanted. Not thread-safe. */
final class MergeComparison {
    private final int columns;
    private final float @Nullable [] weights;
    private MergeSums sums = MergeSums.NONE;
    private MergeSums weighted = MergeSums.NONE;

    /** @param importance of the columns; null where all weigh alike */
    MergeComparison(int columns, @Nullable FloatBuffer importance) {
        this.columns = columns;
        this.weights = importance == null ? null : new float[columns];
        if (importance != null) {
            importance.get(0, weights);
        }
    }

    /** Adds whole rows, from 0 to the limits. */
    void add(FloatBuffer base, FloatBuffer merged, FloatBuffer written) {
        float[] was = new float[columns];
        float[] wanted = new float[columns];
        float[] is = new float[columns];
        for (int from = 0; from < merged.limit(); from += columns) {
            base.get(from, was);
            merged.get(from, wanted);
            written.get(from, is);
            sums = sums.plus(plain(was, wanted, is));
            if (weights != null) {
                weighted = weighted.plus(weighted(was, wanted, is, weights));
            }
        }
    }

    MergeSums sums() {
        return sums;
    }

    /** By importance; the same as the others where all weigh alike. */
    MergeSums weighted() {
        return weights == null ? sums : weighted;
    }

    /** Two sums of each kind, so that additions need not wait for each other. */
    private MergeSums plain(float[] was, float[] wanted, float[] is) {
        double d0 = 0;
        double d1 = 0;
        double c0 = 0;
        double c1 = 0;
        double l0 = 0;
        double l1 = 0;
        for (int i = 0; i + 1 < columns; i += 2) {
            float x = wanted[i] - was[i];
            float y = is[i] - was[i];
            float u = wanted[i + 1] - was[i + 1];
            float v = is[i + 1] - was[i + 1];
            d0 += x * x;
            d1 += u * u;
            c0 += x * y;
            c1 += u * v;
            l0 += (y - x) * (y - x);
            l1 += (v - u) * (v - u);
        }
        if (columns % 2 != 0) {
            int i = columns - 1;
            float x = wanted[i] - was[i];
            float y = is[i] - was[i];
            d0 += x * x;
            c0 += x * y;
            l0 += (y - x) * (y - x);
        }
        return new MergeSums(d0 + d1, c0 + c1, l0 + l1);
    }

    private MergeSums weighted(float[] was, float[] wanted, float[] is, float[] weight) {
        double d = 0;
        double c = 0;
        double l = 0;
        for (int i = 0; i < columns; i++) {
            double x = wanted[i] - was[i];
            double y = is[i] - was[i];
            d += weight[i] * x * x;
            c += weight[i] * x * y;
            l += weight[i] * (y - x) * (y - x);
        }
        return new MergeSums(d, c, l);
    }
}
