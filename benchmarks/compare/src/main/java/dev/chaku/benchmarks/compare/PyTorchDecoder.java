package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.full;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.rsqrt;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.chaku.gguf.GgufFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The forward pass of a dense decoder as Hugging Face's transformers and PEFT compute it in PyTorch: a frozen base in
 * bfloat16 or float32, activations in the base's type, norms and the loss in float32, adapters in float32.
 */
final class PyTorchDecoder {
    private static final double NORM_EPSILON = 1e-5;

    /** Ways to compute attention, of which the fastest is PyTorch's figure. */
    enum Attention {
        /** PyTorch's own kernel on operands of the base's type. */
        SDPA,
        /** The same on float32 operands. */
        SDPA_F32,
        /** Scores, softmax and a product, one after the other. */
        EAGER
    }

    private record Layer(
            Tensor attentionNorm,
            PyTorchLinear query,
            PyTorchLinear key,
            PyTorchLinear value,
            PyTorchLinear output,
            Tensor ffNorm,
            PyTorchLinear gate,
            PyTorchLinear up,
            PyTorchLinear down) {}

    private final PeerShape shape;
    private final ScalarType type;
    private final Attention attention;
    private final List<Tensor> parameters = new ArrayList<>();
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor embeddings;
    private final Tensor outputNorm;
    private final Tensor cosines;
    private final Tensor sines;
    private final Tensor mask;
    private final PyTorchWeights initial;
    private final boolean dora;
    private final ScalarType lossType;

    /**
     * @param file with BF16 or F32 weights
     * @param tokens T of every step, or the most
     * @param adapter a GGUF file with the A that the training begins with
     * @param dora whether rows have lengths of their own
     * @param lossType of what is summed over tokens: a difference of sums wants more than float32
     */
    PyTorchDecoder(
            Path file, PeerShape shape, ScalarType type, Attention attention, int tokens, Path adapter, boolean dora, ScalarType lossType) {
        this.shape = shape;
        this.initial = new PyTorchWeights(GgufFile.read(adapter), ScalarType.Float);
        this.dora = dora;
        this.lossType = lossType;
        this.type = type;
        this.attention = attention;
        PyTorchWeights weights = new PyTorchWeights(GgufFile.read(file), type);
        for (int l = 0; l < shape.layers(); l++) {
            layers.add(layer(weights, "blk." + l + "."));
        }
        embeddings = weights.read("token_embd.weight");
        outputNorm = weights.read("output_norm.weight");
        cosines = rotation(tokens, true);
        sines = rotation(tokens, false);
        mask = Scoped.keep(() -> full(new long[] {1, 1, tokens, tokens}, new Scalar(-1e30))
                .triu(1)
                .to(type));
    }

    private Layer layer(PyTorchWeights weights, String prefix) {
        return new Layer(
                weights.read(prefix + "attn_norm.weight"),
                adapted(
                        prefix + "attn_q",
                        weights.readRotated(prefix + "attn_q.weight", shape.heads()),
                        bias(weights, prefix + "attn_q")),
                adapted(
                        prefix + "attn_k",
                        weights.readRotated(prefix + "attn_k.weight", shape.kvHeads()),
                        bias(weights, prefix + "attn_k")),
                adapted(prefix + "attn_v", weights.read(prefix + "attn_v.weight"), bias(weights, prefix + "attn_v")),
                adapted(prefix + "attn_output", weights.read(prefix + "attn_output.weight"), null),
                weights.read(prefix + "ffn_norm.weight"),
                adapted(prefix + "ffn_gate", weights.read(prefix + "ffn_gate.weight"), null),
                adapted(prefix + "ffn_up", weights.read(prefix + "ffn_up.weight"), null),
                adapted(prefix + "ffn_down", weights.read(prefix + "ffn_down.weight"), null));
    }

    private Tensor bias(PyTorchWeights weights, String name) {
        return shape.qkvBias() ? weights.read(name + ".bias") : null;
    }

    private PyTorchLinear adapted(String name, Tensor weight, Tensor bias) {
        PyTorchLinear product = new PyTorchLinear(weight, bias, initial.read(name + ".weight.lora_a"), dora);
        parameters.addAll(product.parameters());
        return product;
    }

    private Tensor rotation(int tokens, boolean cosine) {
        int headDim = shape.headDim();
        float[] values = new float[tokens * headDim];
        for (int t = 0; t < tokens; t++) {
            for (int i = 0; i < headDim; i++) {
                double angle = t * Math.pow(shape.ropeBase(), -2.0 * (i % (headDim / 2)) / headDim);
                values[t * headDim + i] = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
            }
        }
        return Scoped.keep(() -> AbstractTensor.create(values, 1L, 1L, (long) tokens, (long) headDim)
                .to(type));
    }

    /** What is trained: A, B and perhaps magnitudes of every product. */
    List<Tensor> parameters() {
        return parameters;
    }

    /**
     * The mean cross-entropy of every next token, with its graph. References to what lies between are dropped on the
     * way, as Python drops them, so that memory holds only what the graph needs.
     *
     * @param ids [T]
     * @param labels [T] the ids that follow, -100 where none does
     */
    Tensor loss(Tensor ids, Tensor labels) {
        long tokens = ids.size(0);
        Tensor last = states(ids);
        Tensor loss = Scoped.keep(() -> loss(last, labels, tokens));
        last.close();
        return loss;
    }

    private Tensor states(Tensor ids) {
        long tokens = ids.size(0);
        Tensor x = embedding(embeddings, ids.view(1, tokens));
        for (Layer layer : layers) {
            Tensor input = x;
            x = Scoped.keep(() -> forward(layer, input, tokens));
            input.close();
        }
        return x;
    }

    private Tensor loss(Tensor x, Tensor labels, long tokens) {
        Tensor logits = linear(normed(x, outputNorm), embeddings).view(tokens, shape.vocabSize());
        return cross_entropy_loss(logits.to(lossType), labels);
    }

    private Tensor forward(Layer layer, Tensor x, long tokens) {
        Tensor h = normed(x, layer.attentionNorm());
        Tensor q = rotated(heads(layer.query().forward(h), shape.heads(), tokens));
        Tensor k = rotated(heads(layer.key().forward(h), shape.kvHeads(), tokens));
        Tensor v = heads(layer.value().forward(h), shape.kvHeads(), tokens);
        Tensor attended = attend(q, repeated(k, tokens), repeated(v, tokens));
        Tensor merged = attended.transpose(1, 2).contiguous().view(1, tokens, shape.width());
        Tensor middle = x.add(layer.output().forward(merged));
        Tensor g = normed(middle, layer.ffNorm());
        return middle.add(layer.down()
                .forward(silu(layer.gate().forward(g)).mul(layer.up().forward(g))));
    }

    private Tensor normed(Tensor x, Tensor gain) {
        Tensor wide = x.to(ScalarType.Float);
        Tensor variance = wide.pow(new Scalar(2)).mean(new long[] {-1}, true, new ScalarTypeOptional());
        return wide.mul(rsqrt(variance.add(new Scalar(NORM_EPSILON)))).to(type).mul(gain);
    }

    private Tensor heads(Tensor x, int count, long tokens) {
        return x.view(1, tokens, count, shape.headDim()).transpose(1, 2);
    }

    private Tensor rotated(Tensor x) {
        long half = shape.headDim() / 2;
        Tensor turned = cat(new TensorVector(x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)), -1);
        long tokens = x.size(2);
        return x.mul(cosines.narrow(2, 0, tokens)).add(turned.mul(sines.narrow(2, 0, tokens)));
    }

    private Tensor repeated(Tensor x, long tokens) {
        long group = shape.heads() / shape.kvHeads();
        return x.unsqueeze(2)
                .expand(1, shape.kvHeads(), group, tokens, shape.headDim())
                .reshape(1, shape.heads(), tokens, shape.headDim());
    }

    private Tensor attend(Tensor q, Tensor k, Tensor v) {
        return switch (attention) {
            case SDPA -> causal(q, k, v);
            case SDPA_F32 ->
                causal(q.to(ScalarType.Float), k.to(ScalarType.Float), v.to(ScalarType.Float))
                        .to(type);
            case EAGER -> {
                Tensor scores = matmul(q, k.transpose(2, 3))
                        .mul(new Scalar(1 / Math.sqrt(shape.headDim())))
                        .add(mask.narrow(2, 0, q.size(2)).narrow(3, 0, q.size(2)));
                yield matmul(
                        softmax(scores, -1, new ScalarTypeOptional(ScalarType.Float))
                                .to(type),
                        v);
            }
        };
    }

    private static Tensor causal(Tensor q, Tensor k, Tensor v) {
        return scaled_dot_product_attention(
                q.contiguous(),
                k.contiguous(),
                v.contiguous(),
                new TensorOptional(),
                0.0,
                true,
                new DoubleOptional(),
                false);
    }
}
