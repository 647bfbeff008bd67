package dev.chaku.internal.engine;

import dev.chaku.gguf.GgmlType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns numbers into blocks of a format and back. Thread-safe. */
public interface BlockCodec {
    /**
     * A format that is known.
     *
     * @param blockElements elements of one block
     * @param blockBytes bytes of one block
     * @param canQuantize whether {@link #quantize} takes it
     */
    record Format(int blockElements, int blockBytes, boolean canQuantize) {}

    /** Describes a format, or nothing if it is not known. */
    Optional<Format> describe(GgmlType type);

    /** Decodes the bytes that remain in a direct buffer to the floats that remain in another; positions stay. */
    void dequantize(GgmlType type, ByteBuffer source, FloatBuffer target);

    /** Encodes the floats that remain in a direct buffer to the bytes that remain in another; positions stay. */
    default void quantize(GgmlType type, FloatBuffer source, ByteBuffer target) {
        quantize(type, source, null, target);
    }

    /**
     * The same with weighted errors.
     *
     * @param importance a direct buffer of one row's length: what the squared error of each column weighs; null for
     *     equal weights
     */
    void quantize(GgmlType type, FloatBuffer source, @Nullable FloatBuffer importance, ByteBuffer target);
}
