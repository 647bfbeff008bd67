package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.OutputRank;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Combines the products themselves: drops values of each, combines what is left, and approximates that by factors of a
 * rank. The combined matrix has full rank, but little of it lies outside of the span of the adapters' own As and some
 * more directions, from which {@link SubspaceSvd} starts. O(N K) operations for each of a handful of passes, times the
 * ranks; memory for the matrix in float64, or for some rows where that is too much. Thread-safe.
 */
final class ProductRule implements MergeRule {
    /** Directions beyond those that are wanted. */
    private static final int MORE = 8;

    /** What all matrices that are kept may take of the heap. */
    private static final int SHARE_OF_HEAP = 4;

    private final AtomicLong keptBytes = new AtomicLong();

    /** Blocks of tiles that are kept no more. */
    private final Queue<double[][]> pool = new ConcurrentLinkedQueue<>();

    private final Pruning pruning;
    private final Combination combination;
    private final OutputRank wanted;

    ProductRule(Pruning pruning, Combination combination, OutputRank wanted) {
        this.pruning = pruning;
        this.combination = combination;
        this.wanted = wanted;
    }

    @Override
    public Merged merge(Terms terms) {
        int smaller = Math.min(terms.outputs(), terms.inputs());
        RankChoice choice = RankChoice.of(wanted, terms.largestRank(), terms.sumOfRanks());
        int kept = Math.min(choice.limit(), smaller);
        int size = Math.min(Math.max(kept, terms.sumOfRanks()) + MORE, smaller);
        SubspaceSvd.Leading leading = leading(terms, start(terms, size), kept);
        RankChoice.Chosen chosen = choice.choose(leading.svd().sigma(), leading.sumOfSquares());
        int rank = chosen.rank();
        return new Merged(
                rank,
                Arrays.copyOf(leading.svd().v(), rank * terms.inputs()),
                Merged.rows(leading.svd().us(), terms.outputs(), rank),
                chosen.energy());
    }

    /** Keeps the matrix for all passes where the matrices that are kept by now leave room for it. */
    private SubspaceSvd.Leading leading(Terms terms, double[] start, int wanted) {
        long bytes = (long) terms.outputs() * terms.inputs() * Double.BYTES;
        boolean isKept = keptBytes.addAndGet(bytes) <= Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
        Combined combined = new Combined(terms, isKept);
        try {
            return SubspaceSvd.of(combined, start, wanted);
        } finally {
            combined.giveBack();
            keptBytes.addAndGet(-bytes);
        }
    }

    /** The rows of all As, then random directions. */
    private static double[] start(Terms terms, int size) {
        int inputs = terms.inputs();
        double[] rows = new double[terms.sumOfRanks() * inputs];
        int at = 0;
        for (Term term : terms.terms()) {
            term.a(term.scale(), inputs, rows, at);
            at += term.rank() * inputs;
        }
        double[] start = Arrays.copyOf(rows, size * inputs);
        CounterRandom random = new CounterRandom(0, terms.name());
        for (int i = at; i < start.length; i++) {
            start[i] = random.at(i) - 0.5;
        }
        return start;
    }

    /** What comes of the products; is kept as far as there is room. */
    private final class Combined implements TiledMatrix {
        private final int rows;
        private final int columns;
        private final List<ProductRows> products = new ArrayList<>();
        private final List<Pruning.Pruner> pruners = new ArrayList<>();
        private final double[] weights;

        /** A block of each product, and of these one row. */
        private final double[][][] blocks;

        private final double[][] row;
        private final Combination.Combiner combiner = combination.combiner(Tile.WIDTH);

        private final @Nullable Tile @Nullable [] kept;

        Combined(Terms terms, boolean isKept) {
            rows = terms.outputs();
            columns = terms.inputs();
            for (Term term : terms.terms()) {
                ProductRows product = new ProductRows(term, rows, columns);
                products.add(product);
                pruners.add(pruning.of(product, terms.name() + "/" + terms.expert() + "/" + term.adapter()));
            }
            weights = terms.terms().stream().mapToDouble(Term::weight).toArray();
            blocks = new double[products.size()][Tile.ROWS][Tile.WIDTH];
            row = new double[products.size()][];
            kept = isKept ? new Tile[(rows + Tile.ROWS - 1) / Tile.ROWS] : null;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int columns() {
            return columns;
        }

        @Override
        public Tile rows(int from, int count, Tile scratch) {
            if (kept == null) {
                compute(from, count, scratch);
                return scratch;
            }
            Tile tile = kept[from / Tile.ROWS];
            if (tile == null) {
                tile = new Tile(columns, pool);
                compute(from, count, tile);
                kept[from / Tile.ROWS] = tile;
            }
            return tile;
        }

        void giveBack() {
            for (int i = 0; kept != null && i < kept.length; i++) {
                Tile tile = kept[i];
                if (tile != null) {
                    tile.giveBack(pool);
                }
            }
        }

        private void compute(int from, int count, Tile target) {
            for (int at = 0; at < target.blocks(); at++) {
                int width = target.width(at);
                for (int i = 0; i < blocks.length; i++) {
                    products.get(i).block(from, count, at, blocks[i]);
                }
                for (int n = 0; n < count; n++) {
                    long first = (long) (from + n) * columns + at * Tile.WIDTH;
                    for (int i = 0; i < blocks.length; i++) {
                        row[i] = blocks[i][n];
                        pruners.get(i).prune(row[i], 0, width, first);
                    }
                    combiner.combine(row, weights, target.block(at)[n], width);
                }
            }
        }
    }
}
