package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PruningTest {
    private static double[] pruned(Pruning pruning, double... values) {
        double[] result = values.clone();
        pruning.of(Values.of(values), "x").prune(result, 0, result.length, 0);
        // Zeros have no sign that matters.
        return Arrays.stream(result).map(value -> value + 0.0).toArray();
    }

    @Test
    void theLargestStayAndWhatIsAsLargeAsTheLastOfThem() {
        assertArrayEquals(new double[] {0, -3, 0, 2}, pruned(new MagnitudePruning(0.5), 1, -3, 0.5, 2));
        assertArrayEquals(new double[] {-2, -3, 2, 2}, pruned(new MagnitudePruning(0.5), -2, -3, 2, 2));
        assertArrayEquals(new double[] {0, 0}, pruned(new MagnitudePruning(0.4), 1, 2), "⌊0.8⌋ of two are none");
        assertArrayEquals(new double[] {0, 0, 4}, pruned(new MagnitudePruning(0.9), 0, -0.0, 4));
        assertArrayEquals(
                new double[] {Float.MIN_VALUE, 0},
                pruned(new MagnitudePruning(0.5), Float.MIN_VALUE, 0),
                "the smallest there is");
        assertArrayEquals(new double[] {1, 2}, pruned(new MagnitudePruning(1), 1, 2));
    }

    /** Against sorting, over all magnitudes that a float has. */
    @Test
    void theShareIsExact() {
        Random random = new Random(1);
        double[] values = new double[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(70) - 40));
        }
        double[] sorted = Arrays.stream(values).map(Math::abs).sorted().toArray();
        for (double density : new double[] {0.0001, 0.1, 0.5, 0.9, 0.9999}) {
            double least = sorted[sorted.length - (int) (density * sorted.length)];
            double[] expected = Arrays.stream(values)
                    .map(value -> Math.abs(value) < least ? 0 : value)
                    .toArray();
            assertArrayEquals(expected, pruned(new MagnitudePruning(density), values), "density " + density);
        }
    }

    @Test
    void partsOfAMatrixAreDroppedAsTheWholeIs() {
        double[] values = new double[1000];
        Arrays.fill(values, 1);
        double[] whole = pruned(new RandomPruning(0.3, 5), values);
        double[] parts = values.clone();
        Pruning.Pruner pruner = new RandomPruning(0.3, 5).of(Values.of(values), "x");
        for (int from = 0; from < 1000; from += 125) {
            pruner.prune(parts, from, 125, from);
        }
        assertArrayEquals(whole, parts);
    }

    @Test
    void choicesAreMadeWithoutBranches() {
        for (double value : new double[] {1, Double.MIN_NORMAL, 1e-90, 1e300, Double.MAX_VALUE}) {
            assertEquals(1, Choice.isPositive(value), "positive " + value);
            assertEquals(0, Choice.isPositive(-value), "negative " + value);
        }
        assertEquals(0, Choice.isPositive(0));
        assertEquals(0, Choice.isPositive(-0.0));
    }

    /** Of a matrix that is large enough for a sample, against sorting; some samples are no help. */
    @Test
    void theShareOfALargeMatrixIsExact() {
        Random random = new Random(2);
        double[] values = new double[1 << 21];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * random.nextGaussian());
        }
        double[] sorted = Arrays.stream(values).map(Math::abs).sorted().toArray();
        for (boolean misleads : new boolean[] {false, true}) {
            for (double density : new double[] {0.001, 0.3, 0.5, 0.99}) {
                double least = sorted[sorted.length - (int) (density * sorted.length)];
                double[] found = values.clone();
                new MagnitudePruning(density)
                        .of(new Sampled(values, misleads), "x")
                        .prune(found, 0, found.length, 0);
                for (int i = 0; i < values.length; i++) {
                    assertEquals(Math.abs(values[i]) < least ? 0 : values[i], found[i], "density " + density);
                }
            }
        }
    }

    /** @param misleads whether the sample is of the smallest values alone */
    private record Sampled(double[] values, boolean misleads) implements Values {
        @Override
        public long count() {
            return values.length;
        }

        @Override
        public void forEach(Visitor visitor) {
            visitor.visit(values, 0, values.length);
        }

        @Override
        public void forSome(Visitor visitor) {
            double[] some = misleads
                    ? Arrays.stream(values)
                            .filter(value -> Math.abs(value) < 1e-3)
                            .toArray()
                    : Arrays.copyOf(values, values.length / 32);
            visitor.visit(some, 0, some.length);
        }
    }
}
