package dev.chaku.internal.train;

import dev.chaku.internal.adapter.merge.LeadingSvd;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * Where a training of PiSSA begins: of W = U S Vᵀ the leading R, scaled so that scale * B A is U S Vᵀ of these, A =
 * sqrt(S / scale) Vᵀ and B = U sqrt(S / scale), beside the same as the pair that is subtracted. Product by product,
 * with no more in memory than LeadingSvd takes for one. What a weight lacks in rank stays as in a new adapter.
 */
final class PrincipalStart implements LeadingSvd.Matrix {
    /** Floats of rows that are multiplied at once. */
    private static final int PART = 1 << 20;

    /** A singular value below this share of the largest is none: float32 has no more digits. */
    private static final double NONE = 1e-6;

    private final EngineTrainer core;
    private final int a;
    private final int expert;
    private final int rows;
    private final int columns;
    private final FloatBuffer from;
    private final FloatBuffer to;

    private PrincipalStart(
            EngineTrainer core, int a, int expert, int rows, int columns, FloatBuffer from, FloatBuffer to) {
        this.core = core;
        this.a = a;
        this.expert = expert;
        this.rows = rows;
        this.columns = columns;
        this.from = from;
        this.to = to;
    }

    /** Most bytes of the heap for one of the products, buffers included. */
    static long heapBytes(DecoderSpec spec, Map<DecoderModule.Place, LoraOptions.Product> adapted) {
        long most = 0;
        long widest = 0;
        for (Map.Entry<DecoderModule.Place, LoraOptions.Product> product : adapted.entrySet()) {
            DecoderSpec.Shape shape = TrainableAdapter.shape(spec, product.getKey());
            int size = LeadingSvd.size(
                    (int) shape.rows() / spec.stacked(product.getKey()),
                    (int) shape.columns(),
                    product.getValue().rank());
            most = Math.max(most, 2L * size * (shape.rows() + shape.columns()) * Double.BYTES);
            widest = Math.max(widest, Math.max(shape.rows(), shape.columns()));
        }
        return most + 2 * Math.max(PART, widest) * Float.BYTES;
    }

    static void write(EngineTrainer core, TrainableAdapter trained, Preparing tell) {
        Map<DecoderModule.Place, LoraOptions.Product> adapted = trained.adapted();
        int all = core.parameters() / 2;
        FloatBuffer buffer = TrainerState.bufferFor(core);
        int widest = adapted.keySet().stream()
                .map(place -> TrainableAdapter.shape(trained.model().spec(), place))
                .mapToInt(shape -> (int) Math.max(shape.rows(), shape.columns()))
                .max()
                .orElse(0);
        FloatBuffer from = DirectBuffers.floats(Math.max(PART, widest));
        FloatBuffer to = DirectBuffers.floats(Math.max(PART, widest));
        for (int i = 0; i < all; i++) {
            ParameterInfo a = core.parameter(2 * i);
            int experts = trained.model().spec().stacked(a.module().at(a.layer()));
            double scale = adapted.get(a.module().at(a.layer())).scale();
            float[] as = read(core, 2 * i, buffer);
            float[] bs = read(core, 2 * i + 1, buffer);
            int rank = (int) core.parameter(2 * i + 1).columns();
            for (int expert = 0; expert < experts; expert++) {
                tell.at(i, all);
                int rows = bs.length / rank / experts;
                PrincipalStart weight = new PrincipalStart(core, 2 * i, expert, rows, (int) a.columns(), from, to);
                weight.put(LeadingSvd.of(weight, rank), scale, rank, as, bs);
            }
            write(core, 2 * i, as, buffer);
            write(core, 2 * i + 1, bs, buffer);
        }
        tell.at(all, all);
    }

    private void put(LeadingSvd.Leading leading, double scale, int rank, float[] as, float[] bs) {
        double[] sigma = leading.sigma();
        for (int r = 0; r < sigma.length && sigma[r] > NONE * sigma[0]; r++) {
            double root = Math.sqrt(sigma[r] / scale);
            int row = (expert * rank + r) * columns;
            for (int k = 0; k < columns; k++) {
                as[row + k] = (float) (root * leading.v()[r * columns + k]);
            }
            for (int n = 0; n < rows; n++) {
                bs[(expert * rows + n) * rank + r] = (float) (root * leading.u()[r * rows + n]);
            }
        }
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
    public double[] times(double[] q, int count) {
        return multiply(q, count, columns, rows, false);
    }

    @Override
    public double[] transposedTimes(double[] y, int count) {
        return multiply(y, count, rows, columns, true);
    }

    private int partRows() {
        return Math.max(1, PART / Math.max(rows, columns));
    }

    private double[] multiply(double[] x, int count, int inputs, int outputs, boolean transposed) {
        double[] y = new double[count * outputs];
        for (int at = 0; at < count; at += partRows()) {
            int part = Math.min(partRows(), count - at);
            from.clear().limit(part * inputs);
            for (int i = 0; i < part * inputs; i++) {
                from.put(i, (float) x[at * inputs + i]);
            }
            core.multiply(a, expert, transposed, from, to.clear().limit(part * outputs));
            for (int i = 0; i < part * outputs; i++) {
                y[at * outputs + i] = to.get(i);
            }
        }
        return y;
    }

    private static float[] read(EngineTrainer core, int index, FloatBuffer buffer) {
        float[] values = new float[Math.toIntExact(core.parameter(index).elements())];
        core.read(index, EngineTrainer.Slot.VALUE, buffer.clear().limit(values.length));
        buffer.get(values);
        return values;
    }

    private static void write(EngineTrainer core, int index, float[] values, FloatBuffer buffer) {
        buffer.clear().put(values);
        core.write(index, EngineTrainer.Slot.VALUE, buffer.flip());
        core.write(index, EngineTrainer.Slot.FROZEN, buffer.position(0));
    }
}
