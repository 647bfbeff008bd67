package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.AdapterWeights;

/**
 * One of the adapters that are merged.
 *
 * @param name what reports and the result's metadata call it
 * @param adapter its matrices
 * @param weight what it counts where no rule says otherwise
 */
public record MergeParent(String name, AdapterWeights adapter, double weight) {}
