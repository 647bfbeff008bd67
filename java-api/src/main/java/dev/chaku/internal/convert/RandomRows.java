package dev.chaku.internal.convert;

import dev.chaku.internal.quantize.RowSource;
import dev.chaku.internal.quantize.Scratch;
import dev.chaku.internal.random.SplitMix64;
import java.nio.FloatBuffer;

/**
 * Reproducible random rows: every number depends on the seed, the tensor's name and its place alone, never on the order
 * in which rows are asked for, the machine or the version of Java. Immutable and thread-safe.
 *
 * <p>16 bits of a mixed counter ({@link SplitMix64}) pick each number from a table of normal ones, which Box and
 * Muller's formula [1] made; a table of 65536 is normal enough for weights.
 *
 * <p>[1] Box, Muller, Annals of Mathematical Statistics 29, 1958.
 */
final class RandomRows implements RowSource {
    private static final int TABLE = 1 << 16;
    private static final float[] NORMAL = normal();

    private final long stream;
    private final long columns;
    private final float mean;
    private final float deviation;

    RandomRows(long seed, String name, long columns, float mean, float deviation) {
        long mixed = seed;
        for (int i = 0; i < name.length(); i++) {
            mixed = SplitMix64.mix(mixed + name.charAt(i));
        }
        this.stream = mixed;
        this.columns = columns;
        this.mean = mean;
        this.deviation = deviation;
    }

    /**
     * What suits a tensor of a GGUF model: norms about 1, biases small, rates of forgetting below 0, matrices that keep
     * the size of what they multiply.
     */
    static RandomRows of(long seed, String name, long[] dims) {
        boolean norm = name.endsWith("norm.weight");
        boolean vector = dims.length == 1;
        float deviation = vector ? 0.1f : (float) (1 / StrictMath.sqrt(dims[0]));
        return new RandomRows(seed, name, dims[0], norm ? 1 : name.endsWith("ssm_a") ? -1 : 0, deviation);
    }

    @Override
    public void read(long row, FloatBuffer target, Scratch scratch) {
        long first = row * columns;
        for (int i = 0; i < target.limit(); i++) {
            long at = first + i;
            long bits = SplitMix64.mix(stream + (at >>> 2) * SplitMix64.STEP);
            target.put(i, mean + deviation * NORMAL[(int) (bits >>> 16 * (at & 3)) & (TABLE - 1)]);
        }
    }

    private static float[] normal() {
        float[] table = new float[TABLE];
        for (int i = 0; i < TABLE; i += 2) {
            // Strata instead of draws: the table's mean is 0 and its deviation 1 to three digits.
            double radius = StrictMath.sqrt(-2 * StrictMath.log((i / 2 + 0.5) / (TABLE / 2)));
            double angle = 2 * StrictMath.PI * (SplitMix64.mix(i + 1) >>> 11) * SplitMix64.UNIT;
            table[i] = (float) (radius * StrictMath.cos(angle));
            table[i + 1] = (float) (radius * StrictMath.sin(angle));
        }
        return table;
    }
}
