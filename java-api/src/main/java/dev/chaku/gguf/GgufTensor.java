package dev.chaku.gguf;

import java.util.Arrays;

/**
 * Where a tensor lies in a file.
 *
 * @param name its name, unique in the file
 * @param type its element or block format
 * @param dims elements per dimension, 1 to 4 of them, contiguous one first ({@code ne} order); copied in and out
 * @param part index of its file among {@link GgufFile#parts}; 0 unless the model is split
 * @param offset first byte, counted from the start of that file, a multiple of the file's alignment
 * @param bytes size of its data
 */
public record GgufTensor(String name, GgmlType type, long[] dims, int part, long offset, long bytes) {
    public GgufTensor {
        dims = dims.clone();
    }

    /** The same in another file of the model. */
    GgufTensor in(int otherPart) {
        return new GgufTensor(name, type, dims, otherPart, offset, bytes);
    }

    /** {@return a copy of the sizes, the contiguous one first} */
    @Override
    public long[] dims() {
        return dims.clone();
    }

    /** {@return the number of dimensions} */
    public int rank() {
        return dims.length;
    }

    /**
     * {@return elements of a dimension; 1 past the last}
     *
     * @param index counted from 0
     */
    public long dim(int index) {
        return index < dims.length ? dims[index] : 1;
    }

    /** {@return elements of all dimensions together} */
    public long elements() {
        long product = 1;
        for (long dim : dims) {
            product = Math.multiplyExact(product, dim);
        }
        return product;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufTensor tensor
                && name.equals(tensor.name)
                && type == tensor.type
                && Arrays.equals(dims, tensor.dims)
                && part == tensor.part
                && offset == tensor.offset
                && bytes == tensor.bytes;
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + Long.hashCode(offset);
    }

    @Override
    public String toString() {
        return name + " " + type + " " + Arrays.toString(dims) + " at " + offset + ", " + bytes + " bytes";
    }
}
