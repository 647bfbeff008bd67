package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.rand;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A frozen product and its low-rank addition in float32, as PEFT computes it. */
final class PyTorchLinear {
    /** alpha / rank, Chaku's default. */
    private static final double SCALE = 2;

    private final Tensor weight;
    private final TensorOptional bias;
    private final Tensor a;
    private final Tensor b;

    /**
     * @param weight [N, K]
     * @param bias [N] or null
     */
    PyTorchLinear(Tensor weight, Tensor bias, int rank) {
        this.weight = weight;
        this.bias = bias == null ? new TensorOptional() : new TensorOptional(bias);
        long inputs = weight.size(1);
        // Kaiming-uniform with a = sqrt(5): uniform within 1 / sqrt(K) of 0.
        double bound = 1 / Math.sqrt(inputs);
        a = Scoped.keep(() -> rand(rank, inputs).mul(new Scalar(2 * bound)).sub(new Scalar(bound)));
        b = zeros(weight.size(0), rank);
        a.set_requires_grad(true);
        b.set_requires_grad(true);
    }

    List<Tensor> parameters() {
        return List.of(a, b);
    }

    /** [1, T, K] to [1, T, N] in the type of the base. */
    Tensor forward(Tensor x) {
        Tensor y = linear(x, weight, bias);
        Tensor low = linear(linear(x.to(ScalarType.Float), a), b).mul(new Scalar(SCALE));
        return y.add(low).to(weight.scalar_type());
    }
}
