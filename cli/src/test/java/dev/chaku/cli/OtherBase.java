package dev.chaku.cli;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.nio.file.Path;

/** The demo's base with a layer less. */
final class OtherBase {
    private OtherBase() {}

    static Path write(Path base, Path file) {
        GgufFile gguf = GgufFile.read(base);
        GgufWriter writer = GgufWriter.to(file);
        gguf.metadata()
                .asMap()
                .forEach((key, value) ->
                        writer.put(key, key.equals("llama.block_count") ? GgufValue.ofUint32(3) : value));
        for (GgufTensor tensor : gguf.tensors()) {
            if (!tensor.name().startsWith("blk.3.")) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), gguf.copyOf(tensor));
            }
        }
        writer.write();
        return file;
    }
}
