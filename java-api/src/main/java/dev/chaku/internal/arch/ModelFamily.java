package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;

/** Knows how files of one architecture describe a decoder. Stateless and thread-safe. */
public interface ModelFamily {
    /** The value of {@code general.architecture}. */
    String architecture();

    /**
     * Describes the decoder that a file of this architecture holds.
     *
     * @throws dev.chaku.errors.BadInputException if a key or tensor is missing, has another type or shape than
     *     expected, or says something that this family does not understand; the message names file and key or tensor
     */
    DecoderSpec map(GgufFile file);
}
