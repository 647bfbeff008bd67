/**
 * Models that are not GGUF files yet: folders of Hugging Face, and shapes to be filled with random weights. Internal:
 * {@code dev.chaku.ModelConverter} and {@code dev.chaku.RandomModel} are its face.
 */
@NullMarked
package dev.chaku.internal.convert;

import org.jspecify.annotations.NullMarked;
