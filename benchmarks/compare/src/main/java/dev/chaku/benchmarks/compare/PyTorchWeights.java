package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.from_blob;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors of a GGUF file in F32 or BF16 as PyTorch's. */
final class PyTorchWeights {
    private final GgufFile file;
    private final ScalarType type;

    /** @param type that matrices and vectors get */
    PyTorchWeights(GgufFile file, ScalarType type) {
        this.file = file;
        this.type = type;
    }

    /** A vector or a matrix [rows, columns]. */
    Tensor read(String name) {
        GgufTensor tensor = file.requireTensor(name);
        ByteBuffer bytes = file.readTensor(tensor);
        long[] sizes = tensor.rank() == 1 ? new long[] {tensor.dim(0)} : new long[] {tensor.dim(1), tensor.dim(0)};
        ScalarType stored =
                switch (tensor.type()) {
                    case F32 -> ScalarType.Float;
                    case BF16 -> ScalarType.BFloat16;
                    default ->
                        throw new IllegalArgumentException(file.path() + ": tensor " + name + ": expected "
                                + GgmlType.F32 + " or " + GgmlType.BF16 + ", found " + tensor.type());
                };
        // The copy belongs to PyTorch; what it was made from dies with the buffer.
        return Scoped.keep(() -> from_blob(
                        new BytePointer(bytes), sizes, new TensorOptions().dtype(new ScalarTypeOptional(stored)))
                .clone()
                .to(type));
    }

    /**
     * A query or key matrix in the order of Hugging Face's implementation, which rotates halves of a head: files of the
     * llama architecture hold the two numbers that rotate together side by side.
     */
    Tensor readRotated(String name, int heads) {
        Tensor stored = read(name);
        if (!file.metadata().requireString("general.architecture").equals("llama")) {
            return stored;
        }
        long rows = stored.size(0);
        long columns = stored.size(1);
        return Scoped.keep(() -> stored.view(heads, rows / heads / 2, 2, columns)
                .transpose(1, 2)
                .reshape(rows, columns)
                .contiguous());
    }
}
