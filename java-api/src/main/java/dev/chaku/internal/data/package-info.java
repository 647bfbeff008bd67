/** Texts known by their digests: for data that are too many to keep. */
@NullMarked
package dev.chaku.internal.data;

import org.jspecify.annotations.NullMarked;
