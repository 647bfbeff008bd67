package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_dtype_info;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/** The block formats that the core computes with. Thread-safe. */
public final class NativeFormats {
    /**
     * @param blockElements elements of one block
     * @param blockBytes bytes of one block
     * @param canQuantize whether {@link #quantize} takes it
     */
    public record Format(int blockElements, int blockBytes, boolean canQuantize) {}

    private NativeFormats() {}

    /** Describes a format, or nothing if the core does not know it. */
    public static Optional<Format> describe(int dtype) {
        NativeLibrary.load();
        try (chaku_dtype_info info = new chaku_dtype_info()) {
            info.size(info.sizeof());
            int status = chaku.chaku_dtype_describe(dtype, info);
            if (status == chaku.CHAKU_UNSUPPORTED) {
                return Optional.empty();
            }
            Status.check(status);
            return Optional.of(new Format(info.block_elements(), info.block_bytes(), info.can_quantize() != 0));
        }
    }

    /** Decodes the bytes that remain in a direct buffer to the floats that remain in another; positions stay. */
    public static void dequantize(int dtype, ByteBuffer source, FloatBuffer target) {
        NativeLibrary.load();
        DirectBuffers.requireDirect(source);
        DirectBuffers.requireDirect(target);
        ByteBuffer in = source.slice();
        FloatBuffer out = target.slice();
        Status.check(chaku.chaku_dequantize(dtype, new BytePointer(in), in.remaining(), out, out.remaining()));
    }

    /** Encodes the floats that remain in a direct buffer to the bytes that remain in another; positions stay. */
    public static void quantize(int dtype, FloatBuffer source, ByteBuffer target) {
        quantize(dtype, source, null, target);
    }

    /**
     * The same with weighted errors.
     *
     * @param importance a direct buffer of one row's length: what the squared error of each column weighs; null for
     *     equal weights
     */
    public static void quantize(int dtype, FloatBuffer source, @Nullable FloatBuffer importance, ByteBuffer target) {
        NativeLibrary.load();
        DirectBuffers.requireDirect(source);
        if (importance != null) {
            DirectBuffers.requireDirect(importance);
        }
        DirectBuffers.requireDirect(target);
        FloatBuffer in = source.slice();
        ByteBuffer out = target.slice();
        FloatBuffer weights = importance == null ? null : importance.slice();
        int columns = weights == null ? 0 : weights.remaining();
        Status.check(chaku.chaku_quantize(
                dtype, in, in.remaining(), weights, columns, new BytePointer(out), out.remaining()));
    }
}
