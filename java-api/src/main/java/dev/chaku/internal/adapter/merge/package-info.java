/**
 * Adapters merged: with each other, and into the weights of a base.
 *
 * <p>With each other: one rule a method, over a small dense linear algebra in float64. A rule sees one matrix at a
 * time, that of a product or of one expert of it, and knows nothing of files. What it computes depends on the matrix
 * alone, not on threads. A new method is a record in {@code dev.chaku.merge}, a rule here, and a line in
 * {@link dev.chaku.internal.adapter.merge.MergeRules}.
 */
@NullMarked
package dev.chaku.internal.adapter.merge;

import org.jspecify.annotations.NullMarked;
