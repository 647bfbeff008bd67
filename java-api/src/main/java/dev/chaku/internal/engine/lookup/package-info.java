/** Finds what stands behind the seam. */
@NullMarked
package dev.chaku.internal.engine.lookup;

import org.jspecify.annotations.NullMarked;
