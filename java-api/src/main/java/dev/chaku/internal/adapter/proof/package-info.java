/** Logits of one text by several ways to compute them, side by side: what verifies an adapter. */
@NullMarked
package dev.chaku.internal.adapter.proof;

import org.jspecify.annotations.NullMarked;
