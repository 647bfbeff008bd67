package dev.chaku.cli;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** An adapter of random values on queries and down projections of two layers of a base. */
final class RandomAdapter {
    private RandomAdapter() {}

    static Path write(Path base, Path file, int rank, long seed) {
        return write(base, file, rank, seed, List.of("blk.0.attn_q", "blk.0.ffn_down", "blk.1.attn_q"), Map.of());
    }

    /** @param keys metadata beside what every adapter has */
    static Path write(Path base, Path file, int rank, long seed, List<String> products, Map<String, GgufValue> keys) {
        GgufFile gguf = GgufFile.read(base);
        GgufWriter writer = GgufWriter.to(file)
                .overwrite(true)
                .put("general.type", "adapter")
                .put("general.architecture", gguf.metadata().requireString("general.architecture"))
                .put("adapter.type", "lora")
                .put("adapter.lora.alpha", 2f * rank);
        keys.forEach(writer::put);
        Random random = new Random(seed);
        for (String product : products) {
            GgufTensor tensor = gguf.requireTensor(product + ".weight");
            add(writer, tensor.name() + ".lora_a", new long[] {tensor.dim(0), rank}, random);
            add(writer, tensor.name() + ".lora_b", new long[] {rank, tensor.dim(1)}, random);
        }
        writer.write();
        return file;
    }

    private static void add(GgufWriter writer, String name, long[] dims, Random random) {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) (dims[0] * dims[1]) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat((float) (0.1 * random.nextGaussian()));
        }
        writer.tensor(name, GgmlType.F32, dims, bytes.flip());
    }
}
