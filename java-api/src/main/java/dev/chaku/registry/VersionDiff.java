package dev.chaku.registry;

import java.util.List;

/**
 * What differs between two versions of an adapter, or of two. Immutable.
 *
 * @param before the first's name and number
 * @param after the second's
 * @param changes of what is said of them; what is the same in both is not among them
 * @param tensors of the products that either adapts, whether they differ or not
 */
public record VersionDiff(String before, String after, List<Change> changes, List<Tensor> tensors) {
    /** Copies the lists. */
    public VersionDiff {
        changes = List.copyOf(changes);
        tensors = List.copyOf(tensors);
    }

    /**
     * Something that is said of both and is not the same.
     *
     * @param group {@code base}, {@code data}, {@code settings}, {@code licences}, {@code metrics} and so on
     * @param name within the group
     * @param before what the first says, empty for nothing
     * @param after what the second says, empty for nothing
     */
    public record Change(String group, String name, String before, String after) {}

    /**
     * What two versions add to a weight of the base, as Frobenius norms of alpha / rank · B A.
     *
     * @param name of the base's tensor
     * @param before of the first, 0 where it does not adapt it
     * @param after of the second, 0 where it does not adapt it
     * @param difference of the two
     */
    public record Tensor(String name, double before, double after, double difference) {}
}
