/**
 * The machinery of writing weights in other formats: rows from any source through the core's encoders, and the
 * importance of columns. Internal: {@code dev.chaku.Quantizer} and its neighbours are its face.
 */
@NullMarked
package dev.chaku.internal.quantize;

import org.jspecify.annotations.NullMarked;
