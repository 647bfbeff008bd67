package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** An adapter of rank 2 on queries and up projections of a base, of random values, without any training. */
final class SmallAdapter {
    private static final int RANK = 2;

    private SmallAdapter() {}

    /** The file; what is there stays. */
    static Path write(Path base, Path file) {
        return write(base, file, 1);
    }

    /** @param layer the last one that it adds to */
    static Path write(Path base, Path file, int layer) {
        if (Files.exists(file)) {
            return file;
        }
        GgufFile gguf = GgufFile.read(base);
        GgufWriter writer = GgufWriter.to(file)
                .put("general.type", "adapter")
                .put("general.architecture", gguf.metadata().requireString("general.architecture"))
                .put("adapter.type", "lora")
                .put("adapter.lora.alpha", 2f * RANK);
        Random random = new Random(5);
        for (String name : List.of("blk.0.attn_q.weight", "blk.0.ffn_up.weight", "blk." + layer + ".attn_q.weight")) {
            GgufTensor tensor = gguf.requireTensor(name);
            add(writer, name + ".lora_a", new long[] {tensor.dim(0), RANK}, random);
            add(writer, name + ".lora_b", new long[] {RANK, tensor.dim(1)}, random);
        }
        writer.write();
        return file;
    }

    /** The same as a folder of PEFT. */
    static Path peft(Path base, Path folder) {
        if (!Files.exists(folder)) {
            Path file = write(base, folder.resolveSibling(folder.getFileName() + ".adapter.gguf"));
            try (Adapter adapter = Adapter.load(file)) {
                adapter.savePeft(folder, AdapterBase.read(base));
            }
        }
        return folder;
    }

    private static void add(GgufWriter writer, String name, long[] dims, Random random) {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) (dims[0] * dims[1]) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat((float) (0.05 * random.nextGaussian()));
        }
        writer.tensor(name, GgmlType.F32, dims, out -> out.write(bytes.rewind()));
    }
}
