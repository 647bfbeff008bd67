/**
 * GGUF metadata to a decoder's shape, tensor names to its modules: what families can differ in, and the readers that
 * serve all of them. What a file says and a family does not understand is refused, never ignored. The families
 * themselves are in {@code arch.family}.
 */
@NullMarked
package dev.chaku.internal.arch;

import org.jspecify.annotations.NullMarked;
