package dev.chaku.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConvertCommandTest {
    @TempDir
    Path folder;

    @Test
    void aMistakeIsOneClearLine() {
        Cli.Ran missing = Cli.run("model", "convert", folder, folder.resolve("out.gguf"));
        assertEquals(3, missing.code());
        assertTrue(missing.err().contains("config.json: expected this file, found none"), missing.err());
        assertEquals(1, missing.err().strip().lines().count(), missing.err());
        assertEquals(2, Cli.run("model", "convert", folder).code());
        assertEquals(
                2, Cli.run("model", "convert", folder, "x.gguf", "--type", "q9").code());
        assertTrue(Cli.run("model", "convert", "--help").out().contains("  chaku model convert"));
    }

    /** The language model of one that also sees; what was left out is said beside the result, not in it. */
    @Test
    void whatIsLeftOutIsSaid() throws IOException {
        Path model = Path.of(
                "..", "java-api", "src", "test", "resources", "dev", "chaku", "internal", "convert", "tiny-llama");
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        byte[] header = "{\"vision_tower.bias\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}"
                .getBytes(UTF_8);
        ByteBuffer eye = ByteBuffer.allocate(8 + header.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header);
        Files.write(folder.resolve("eye.safetensors"), eye.array());
        Path index = folder.resolve("model.safetensors.index.json");
        Files.writeString(
                index,
                Files.readString(index)
                        .replaceFirst(
                                "\"weight_map\": *\\{",
                                "\"weight_map\": {\"vision_tower.bias\": \"eye.safetensors\","));
        Cli.Ran ran = Cli.run("model", "convert", folder, folder.resolve("out.gguf"), "--json");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("tensors left out: 1 of vision_tower"), ran.err());
        assertTrue(ran.out().contains("\"left_out\":1"), ran.out());
    }
}
