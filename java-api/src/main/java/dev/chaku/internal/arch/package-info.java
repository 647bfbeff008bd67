/**
 * Model families: GGUF metadata to a decoder's shape, tensor names to its modules. One small class per family; what a
 * file says and a family does not understand is refused, never ignored.
 */
@NullMarked
package dev.chaku.internal.arch;

import org.jspecify.annotations.NullMarked;
