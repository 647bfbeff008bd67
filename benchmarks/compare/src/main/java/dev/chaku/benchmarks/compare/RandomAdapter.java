package dev.chaku.benchmarks.compare;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A GGUF adapter of random values on the seven products of every layer of a base. */
final class RandomAdapter {
    private static final String PRODUCTS = "blk\\.\\d+\\.(attn_(q|k|v|output)|ffn_(gate|up|down))\\.weight";

    private RandomAdapter() {}

    /** The file, written unless it is there. */
    static Path in(Path folder, Path base, int rank, long seed) throws IOException {
        return in(folder, base, rank, seed, 0.02);
    }

    /** What a training begins with: B is zero. */
    static Path initial(Path folder, Path base, int rank, long seed) throws IOException {
        return in(folder, base, rank, seed, 0);
    }

    private static Path in(Path folder, Path base, int rank, long seed, double deviationOfB) throws IOException {
        String stem = base.getFileName().toString().replace(".gguf", "");
        Path file = folder.resolve(stem + (deviationOfB > 0 ? "-lora-r" : "-initial-r") + rank + "-" + seed + ".gguf");
        if (Files.exists(file)) {
            return file;
        }
        GgufFile model = GgufFile.read(base);
        GgufWriter writer = GgufWriter.to(file)
                .put("general.type", "adapter")
                .put("general.architecture", model.metadata().requireString("general.architecture"))
                .put("adapter.type", "lora")
                .put("adapter.lora.alpha", 2f * rank);
        Random random = new Random(seed);
        for (GgufTensor tensor : model.tensors()) {
            if (tensor.name().matches(PRODUCTS)) {
                add(writer, tensor.name() + ".lora_a", tensor.dim(0), rank, 1 / Math.sqrt(tensor.dim(0)), random);
                add(writer, tensor.name() + ".lora_b", rank, tensor.dim(1), deviationOfB, random);
            }
        }
        writer.write();
        return file;
    }

    private static void add(GgufWriter writer, String name, long columns, long rows, double deviation, Random random) {
        writer.tensor(
                name, GgmlType.F32, new long[] {columns, rows}, out -> write(columns * rows, deviation, random, out));
    }

    private static void write(long values, double deviation, Random random, WritableByteChannel out)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < values; i++) {
            bytes.putFloat((float) (deviation * random.nextGaussian()));
            if (!bytes.hasRemaining() || i == values - 1) {
                out.write(bytes.flip());
                bytes.clear();
            }
        }
    }
}
