package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.OutputRank;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Combines the products themselves: drops values of each, combines what is left, and approximates that by factors of a
 * rank. The combined matrix has full rank, but little of it lies outside of the span of the adapters' own As and some
 * more directions, from which {@link SubspaceSvd} starts. O(N K) operations for each of a handful of passes, times the
 * ranks; memory for some rows.
 */
final class ProductRule implements MergeRule {
    /** Directions beyond those that are wanted. */
    private static final int MORE = 8;

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
        SubspaceSvd.Leading leading = SubspaceSvd.of(new Combined(terms), start(terms, size), kept);
        RankChoice.Chosen chosen = choice.choose(leading.svd().sigma(), leading.sumOfSquares());
        int rank = chosen.rank();
        return new Merged(
                rank,
                Arrays.copyOf(leading.svd().v(), rank * terms.inputs()),
                Merged.rows(leading.svd().us(), terms.outputs(), rank),
                chosen.energy());
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

    /** What comes of the products, rows at a time. */
    private final class Combined implements TiledMatrix {
        private final int rows;
        private final int columns;
        private final List<ProductRows> products = new ArrayList<>();
        private final List<Pruning.Pruner> pruners = new ArrayList<>();
        private final double[] weights;
        private final double[][] tiles;

        Combined(Terms terms) {
            rows = terms.outputs();
            columns = terms.inputs();
            for (Term term : terms.terms()) {
                ProductRows product = new ProductRows(term, rows, columns, SubspaceSvd.TILE_ROWS);
                products.add(product);
                pruners.add(pruning.of(product, terms.name() + "/" + terms.expert() + "/" + term.adapter()));
            }
            weights = terms.terms().stream().mapToDouble(Term::weight).toArray();
            tiles = new double[products.size()][SubspaceSvd.TILE_ROWS * columns];
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
        public void rows(int from, int count, double[] target) {
            for (int i = 0; i < tiles.length; i++) {
                products.get(i).rows(from, count, tiles[i]);
                pruners.get(i).prune(tiles[i], 0, count * columns, (long) from * columns);
            }
            combination.combine(tiles, weights, target, count * columns);
        }
    }
}
