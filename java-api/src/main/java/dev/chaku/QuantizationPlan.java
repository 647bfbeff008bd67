package dev.chaku;

import dev.chaku.gguf.GgmlType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@link Quantizer} does to each tensor of a file. Immutable.
 *
 * @param format the mix
 * @param tensors in the file's order
 */
public record QuantizationPlan(WeightFormat format, List<Tensor> tensors) {
    public QuantizationPlan {
        tensors = List.copyOf(tensors);
    }

    /**
     * One tensor.
     *
     * @param name in the file
     * @param dims elements per dimension, contiguous one first; copied in and out
     * @param from its format now
     * @param to its format to be
     * @param fellBack whether the length of its rows forced another format than was wanted
     * @param weighted whether the importance of its columns is known
     * @param bytesBefore its size now
     * @param bytesAfter its size to be
     */
    public record Tensor(
            String name,
            long[] dims,
            GgmlType from,
            GgmlType to,
            boolean fellBack,
            boolean weighted,
            long bytesBefore,
            long bytesAfter) {
        public Tensor {
            dims = dims.clone();
        }

        /** {@return a copy of the sizes, the contiguous one first} */
        @Override
        public long[] dims() {
            return dims.clone();
        }

        /** {@return the product of all sizes} */
        public long elements() {
            return Arrays.stream(dims).reduce(1, Math::multiplyExact);
        }
    }

    /** How many tensors a format has, and their bytes. */
    public record Share(int tensors, long bytes) {
        private Share plus(Share other) {
            return new Share(tensors + other.tensors, bytes + other.bytes);
        }
    }

    /** {@return the bytes of all tensors} */
    public long bytesBefore() {
        return tensors.stream().mapToLong(Tensor::bytesBefore).sum();
    }

    /** {@return the bytes of all tensors} */
    public long bytesAfter() {
        return tensors.stream().mapToLong(Tensor::bytesAfter).sum();
    }

    /** {@return the mean over all elements of the new tensors; 0 without tensors} */
    public double bitsPerWeight() {
        long elements = tensors.stream().mapToLong(Tensor::elements).sum();
        return elements == 0 ? 0 : 8.0 * bytesAfter() / elements;
    }

    /** {@return what there is of each format afterwards} */
    public Map<GgmlType, Share> shares() {
        Map<GgmlType, Share> shares = new TreeMap<>();
        tensors.forEach(tensor -> shares.merge(tensor.to(), new Share(1, tensor.bytesAfter()), Share::plus));
        return shares;
    }
}
