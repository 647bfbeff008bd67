/**
 * How adapters are merged into one: the methods with their settings, and what came of it.
 *
 * <p>The merge itself is {@code dev.chaku.Adapters.merge}. An adapter adds {@code s B A} to the weight of a product, A
 * of shape [R, K], B of shape [N, R], s its alpha / R. Methods work either on the factors A and B, each by itself, or
 * on the product {@code s B A}: {@link dev.chaku.merge.MergeMethod} says which.
 */
@NullMarked
package dev.chaku.merge;

import org.jspecify.annotations.NullMarked;
