package dev.chaku.internal.core;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_dtype_info;
import dev.chaku.internal.engine.BlockCodec;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/** The block formats that the core computes with. Thread-safe. */
public final class NativeFormats implements BlockCodec {
    public static final BlockCodec CODEC = new NativeFormats();

    private NativeFormats() {}

    @Override
    public Optional<Format> describe(GgmlType type) {
        NativeLibrary.load();
        try (chaku_dtype_info info = new chaku_dtype_info()) {
            info.size(info.sizeof());
            int status = chaku.chaku_dtype_describe(type.id(), info);
            if (status == chaku.CHAKU_UNSUPPORTED) {
                return Optional.empty();
            }
            Status.check(status);
            return Optional.of(new Format(info.block_elements(), info.block_bytes(), info.can_quantize() != 0));
        }
    }

    @Override
    public void dequantize(GgmlType type, ByteBuffer source, FloatBuffer target) {
        NativeLibrary.load();
        DirectBuffers.requireDirect(source);
        DirectBuffers.requireDirect(target);
        ByteBuffer in = source.slice();
        FloatBuffer out = target.slice();
        Status.check(chaku.chaku_dequantize(type.id(), new BytePointer(in), in.remaining(), out, out.remaining()));
    }

    @Override
    public void quantize(GgmlType type, FloatBuffer source, @Nullable FloatBuffer importance, ByteBuffer target) {
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
                type.id(), in, in.remaining(), weights, columns, new BytePointer(out), out.remaining()));
    }
}
