package dev.chaku;

import dev.chaku.merge.MergeMethod;

/** What is done with several adapters at once. */
public final class Adapters {
    private Adapters() {}

    /**
     * {@return a merge of adapters into one, to which they are added}
     *
     * @param method how values of several adapters become one
     */
    public static AdapterMerge merge(MergeMethod method) {
        return new AdapterMerge(method);
    }
}
