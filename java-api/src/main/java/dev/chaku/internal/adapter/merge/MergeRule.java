package dev.chaku.internal.adapter.merge;

/** Makes one pair of factors of several. Thread-safe; the result depends on the terms alone. */
interface MergeRule {
    Merged merge(Terms terms);
}
