package dev.chaku;

/**
 * A weight that an adapter has in place of its base's, trained whole.
 *
 * @param name as its file has it
 * @param rows V, one for each token
 * @param columns D
 */
public record AdapterSavedWeight(String name, long rows, long columns) {
    /** {@return the number of its values} */
    public long parameters() {
        return rows * columns;
    }
}
