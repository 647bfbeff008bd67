package dev.chaku.cli;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** The demo's base with a difference. */
final class OtherBase {
    private static final String TOKENS = "tokenizer.ggml.tokens";

    private OtherBase() {}

    /** One with a layer less. */
    static Path write(Path base, Path file) {
        return write(base, file, Map.of("llama.block_count", GgufValue.ofUint32(3)), "blk.3.");
    }

    /** One in whose vocabulary two tokens have each other's place. */
    static Path writeWithTokensSwapped(Path base, Path file, int one, int other) {
        List<String> tokens = new ArrayList<>(
                GgufFile.read(base).metadata().requireStrings(TOKENS).toList());
        Collections.swap(tokens, one, other);
        return write(base, file, Map.of(TOKENS, GgufValue.of(tokens)), "none");
    }

    private static Path write(Path base, Path file, Map<String, GgufValue> changed, String without) {
        GgufFile gguf = GgufFile.read(base);
        GgufWriter writer = GgufWriter.to(file);
        gguf.metadata().asMap().forEach((key, value) -> writer.put(key, changed.getOrDefault(key, value)));
        for (GgufTensor tensor : gguf.tensors()) {
            if (!tensor.name().startsWith(without)) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), gguf.copyOf(tensor));
            }
        }
        writer.write();
        return file;
    }
}
