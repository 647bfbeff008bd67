package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.matmul;
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
    /** The length of each row, of DoRA; else null. */
    private final Tensor magnitude;

    /**
     * @param weight [N, K]
     * @param bias [N] or null
     * @param a [R, K], which becomes a parameter; B begins at zero
     * @param dora whether rows have lengths of their own
     */
    PyTorchLinear(Tensor weight, Tensor bias, Tensor a, boolean dora) {
        this.weight = weight;
        this.bias = bias == null ? new TensorOptional() : new TensorOptional(bias);
        this.a = a;
        b = zeros(weight.size(0), a.size(0));
        magnitude = dora ? Scoped.keep(() -> lengths(weight).detach()) : null;
        parameters().forEach(parameter -> parameter.set_requires_grad(true));
    }

    List<Tensor> parameters() {
        return magnitude == null ? List.of(a, b) : List.of(a, b, magnitude);
    }

    /** Of the rows of a matrix. */
    private static Tensor lengths(Tensor matrix) {
        return matrix.mul(matrix).sum(1).sqrt();
    }


    /** [1, T, K] to [1, T, N] in the type of the base. */
    Tensor forward(Tensor x) {
        Tensor low = linear(linear(x.to(ScalarType.Float), a), b).mul(new Scalar(SCALE));
        if (magnitude == null) {
            return linear(x, weight, bias).add(low).to(weight.scalar_type());
        }
        // The length of the sum's rows is taken as a constant.
        Tensor length = lengths(weight.add(matmul(b, a).mul(new Scalar(SCALE)))).detach();
        Tensor y = linear(x, weight).add(low).mul(magnitude.div(length));
        return bias.has_value() ? y.add(bias.get()) : y;
    }
}
