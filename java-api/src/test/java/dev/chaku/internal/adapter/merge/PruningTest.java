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
        return result;
    }

    @Test
    void theLargestStayAndWhatIsAsLargeAsTheLastOfThem() {
        assertArrayEquals(new double[] {0, -3, 0, 2}, pruned(new MagnitudePruning(0.5), 1, -3, 0.5, 2));
        assertArrayEquals(new double[] {-2, -3, 2, 2}, pruned(new MagnitudePruning(0.5), -2, -3, 2, 2));
        assertArrayEquals(new double[] {0, 0}, pruned(new MagnitudePruning(0.4), 1, 2), "⌊0.8⌋ of two are none");
        assertArrayEquals(new double[] {0, -0.0, 4}, pruned(new MagnitudePruning(0.9), 0, -0.0, 4));
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
    void masksChooseWithoutBranches() {
        for (double value : new double[] {1, -1, 0, -0.0, Double.MIN_VALUE, -Double.MIN_VALUE, 1e300, -1e300}) {
            assertEquals(value < 0 ? -1 : 0, Bits.isNegative(value), "negative " + value);
            assertEquals(value != 0 ? -1 : 0, Bits.isNotZero(value), "not zero " + value);
            assertEquals(value, Bits.choose(-1, value));
            assertEquals(0.0, Bits.choose(0, value));
        }
    }
}
