package dev.chaku;

/**
 * One product that an adapter adds to, as its files tell.
 *
 * @param name of the tensor in GGUF files without {@code .weight}, or of the module as another tool calls it
 * @param experts E where it stands for all experts of a product, else 1
 * @param rank R
 * @param inputs K
 * @param outputs N, of each expert
 * @param scale what the product of its two matrices is multiplied with
 * @param type of the stored values, for instance {@code F32}
 */
public record AdapterModule(String name, int experts, int rank, int inputs, int outputs, double scale, String type) {

    /** {@return the number of values in both matrices} */
    public long parameters() {
        return (long) experts * rank * (inputs + (long) outputs);
    }
}
