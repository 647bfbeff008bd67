package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.SubspaceSvd.Leading;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Makes an adapter of what rounding lost: of each matrix the best product of a rank, by the importance of columns where
 * it is known. With U the leading left singular vectors of the weighed loss, U Uᵀ E is that product: B = U, A = Uᵀ E.
 */
final class KeptDelta {
    /** Columns of the search beyond the rank, which make it converge fast. */
    private static final int BEYOND = 8;

    private static final long SEED = 14;

    private final GgufFile merged;
    private final RankChoice choice;

    /** What the scale of pairs is over their rank: their B is made for it. */
    static final float ALPHA = 16;

    KeptDelta(GgufFile merged, RankChoice choice) {
        this.merged = merged;
        this.choice = choice;
    }

    /** Whether an adapter can have a pair for a tensor and be worn. */
    static Optional<DecoderModule.Place> place(String tensor) {
        return DecoderModule.parse(tensor.replaceFirst("\\.weight$", ""))
                .filter(place -> place.module().isAdaptable() && place.module() != DecoderModule.TOKEN_EMBEDDING);
    }

    /**
     * The pair of a tensor; nothing if nothing was lost.
     *
     * @param importance of the columns of each matrix, or empty
     */
    Optional<LoraPair> pair(
            DecoderModule.Place place, MergedTensor wanted, GgufTensor written, List<FloatBuffer> importance) {
        int matrices = place.module().isStacked() ? Math.toIntExact(written.dim(2)) : 1;
        int rows = Math.toIntExact(wanted.rows() / matrices);
        int columns = wanted.columns();
        List<LostChange> lost = new ArrayList<>();
        List<Svd> found = new ArrayList<>();
        int rank = 0;
        for (int e = 0; e < matrices; e++) {
            LostChange one = new LostChange(wanted, merged, written, (long) e * rows, rows, at(importance, e));
            Leading leading = SubspaceSvd.of(one, start(rows, columns), Math.min(choice.limit(), rows));
            if (leading.sumOfSquares() > 0) {
                rank = Math.max(
                        rank,
                        choice.choose(leading.svd().sigma(), leading.sumOfSquares())
                                .rank());
            }
            lost.add(one);
            found.add(leading.svd());
        }
        if (rank == 0) {
            return Optional.empty();
        }
        float[] a = new float[matrices * rank * columns];
        float[] b = new float[matrices * rows * rank];
        for (int e = 0; e < matrices; e++) {
            fill(lost.get(e), found.get(e), rank, a, e * rank * columns, b, e * rows * rank);
        }
        return Optional.of(new LoraPair(place, matrices, rank, columns, rows, a, b));
    }

    private static <T> Optional<T> at(List<T> all, int index) {
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(index));
    }

    private double[] start(int rows, int columns) {
        int size = Math.min(choice.limit() + BEYOND, Math.min(rows, columns));
        Random random = new Random(SEED);
        double[] start = new double[size * columns];
        for (int i = 0; i < start.length; i++) {
            start[i] = random.nextGaussian();
        }
        return start;
    }

    private void fill(LostChange lost, Svd svd, int rank, float[] a, int aFrom, float[] b, int bFrom) {
        int rows = lost.rows();
        int columns = lost.columns();
        double[] projected = new double[rank * columns];
        double[] u = new double[rows * rank];
        for (int r = 0; r < Math.min(rank, svd.count()); r++) {
            for (int n = 0; n < rows && svd.sigma()[r] > 0; n++) {
                u[n * rank + r] = svd.us()[r * rows + n] / svd.sigma()[r];
            }
        }
        double[] tile = new double[Tile.ROWS * columns];
        for (int from = 0; from < rows; from += Tile.ROWS) {
            int count = Math.min(Tile.ROWS, rows - from);
            lost.lost(from, count, tile);
            for (int row = 0; row < count; row++) {
                for (int r = 0; r < rank; r++) {
                    Vectors.add(u[(from + row) * rank + r], tile, row * columns, projected, r * columns, columns);
                }
            }
        }
        for (int i = 0; i < projected.length; i++) {
            a[aFrom + i] = (float) projected[i];
        }
        for (int i = 0; i < u.length; i++) {
            b[bFrom + i] = (float) (u[i] * rank / ALPHA);
        }
    }
}
