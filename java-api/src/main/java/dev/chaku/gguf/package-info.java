/**
 * GGUF files: a reader that trusts nothing it reads, a writer that leaves a whole file or none, and their values.
 *
 * <p>Only versions 2 and 3, little endian. Metadata are held in memory in compact form, tensor data stay in the file.
 */
@NullMarked
package dev.chaku.gguf;

import org.jspecify.annotations.NullMarked;
