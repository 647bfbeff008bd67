package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What computes: it makes models out of descriptions. Thread-safe. What it made may be closed before or after it; once
 * closed it makes nothing more.
 */
public interface Engine extends AutoCloseable {
    /** What it runs on, and the memory that is available now. */
    EngineInfo describe();

    /**
     * A model over the tensors of a file or its parts, which are mapped: matrices are used where they lie.
     *
     * @param spec what the file's family said of it
     * @param fault finds what is wrong with the weights when numbers are computed that are not finite
     * @throws BadInputException if a tensor has a format that the engine does not compute with, or the file has changed
     */
    EngineModel load(DecoderSpec spec, GgufFile file, Supplier<Optional<String>> fault);

    /**
     * A model of reproducible random weights, for measurements: what is computed costs what it costs with real ones.
     *
     * @throws BadInputException if a tensor has a format that the engine does not compute with
     * @throws ResourceException if memory does not suffice
     */
    EngineModel random(DecoderSpec spec, long seed);

    @Override
    void close();
}
