package dev.chaku.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small files that together hold every kind of value. */
final class GgufSamples {
    private GgufSamples() {}

    static GgufMetadata everyValue() {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("u8", new GgufValue.Int(GgufValueType.UINT8, 200));
        values.put("i8", new GgufValue.Int(GgufValueType.INT8, -100));
        values.put("u16", new GgufValue.Int(GgufValueType.UINT16, 60000));
        values.put("i16", new GgufValue.Int(GgufValueType.INT16, -30000));
        values.put("u32", GgufValue.ofUint32(4_000_000_000L));
        values.put("i32", GgufValue.ofInt32(-2_000_000_000));
        values.put("u64", GgufValue.ofUint64(-1));
        values.put("i64", new GgufValue.Int(GgufValueType.INT64, Long.MIN_VALUE));
        values.put("f32", GgufValue.of(1.5f));
        values.put("f64", GgufValue.of(Math.PI));
        values.put("nan", new GgufValue.Real(GgufValueType.FLOAT32, 0x7f800001L));
        values.put("yes", GgufValue.of(true));
        values.put("text", GgufValue.of("着 ch'aku"));
        values.put("bytes", new GgufValue.Text(new byte[] {(byte) 0xff, 0, (byte) 0xc0}));
        values.put("strings", GgufValue.of(List.of("", "a", "着物", "b".repeat(70_000))));
        values.put("no strings", GgufValue.of(List.of()));
        values.put("ints", GgufValue.of(1, -2, 3));
        values.put("floats", GgufValue.of(new float[] {0.5f, -0f}));
        values.put("bools", new GgufArray.Numbers(GgufValueType.BOOL, new byte[] {0, 1}));
        values.put(
                "nested",
                new GgufArray.Nested(
                        List.of(GgufValue.of(1, 2), GgufValue.of(List.of("x")), new GgufArray.Nested(List.of()))));
        return new GgufMetadata("every value", values);
    }

    /** Three tensors and two keys, about 500 bytes. */
    static void write(Path target) {
        ByteBuffer norm = ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(1)
                .putFloat(2)
                .putFloat(3)
                .flip();
        byte[] blocks = new byte[36];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = (byte) i;
        }
        GgufWriter.to(target)
                .put("general.architecture", "llama")
                .put("tokenizer.ggml.tokens", GgufValue.of(List.of("a", "bc")))
                .put("llama.scale", GgufValue.of(new float[] {1, 2}))
                .tensor("token_embd.weight", GgmlType.F16, new long[] {4, 2}, ByteBuffer.allocate(16))
                .tensor("blk.0.norm", GgmlType.F32, new long[] {3}, norm)
                .tensor("blk.0.attn_q.weight", GgmlType.Q4_0, new long[] {32, 2}, ByteBuffer.wrap(blocks))
                .write();
    }
}
