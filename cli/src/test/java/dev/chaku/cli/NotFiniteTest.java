package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgufFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every verb that computes with a model of which a weight is infinite ends with bad input, names it and leaves nothing.
 */
class NotFiniteTest {
    private static final String WEIGHT = "blk.2.ffn_norm.weight";

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void spoil() throws IOException {
        model = Cli.base(folder);
        ByteBuffer infinity = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(Float.POSITIVE_INFINITY)
                .flip();
        try (FileChannel channel = FileChannel.open(model, StandardOpenOption.WRITE)) {
            channel.write(infinity, GgufFile.read(model).requireTensor(WEIGHT).offset() + 4 * 7);
        }
    }

    private void assertNamed(Cli.Ran ran, String... more) {
        assertEquals(3, ran.code(), ran.out() + ran.err());
        assertEquals("", ran.out());
        String last = ran.err().strip().lines().reduce((a, b) -> b).orElse("");
        assertTrue(last.startsWith("chaku: "), ran.err());
        assertTrue(
                last.contains("tensor " + WEIGHT + ": expected finite values, found Infinity in row 0, column 7"),
                ran.err());
        for (String part : more) {
            assertTrue(last.contains(part), last);
        }
    }

    @Test
    void generate() {
        assertNamed(
                Cli.run("generate", "--model", model, "--prompt", "The cow", "--max-tokens", 3),
                "logits are not finite");
        Path logits = folder.resolve("logits.bin");
        assertNamed(
                Cli.run("generate", "--model", model, "--prompt", "The cow", "--max-tokens", 0, "--logits", logits));
        assertFalse(Files.exists(logits));
    }

    @Test
    void train() throws IOException {
        Path data = Files.writeString(
                folder.resolve("d.jsonl"), "{\"prompt\": \"The cow is\", \"completion\": \" green.\"}\n");
        Path out = folder.resolve("run");
        assertNamed(
                Cli.run("train", "--model", model, "--data", data, "--out", out, "--epochs", 2),
                "training ended at step",
                "no adapter written");
        assertFalse(Files.exists(out.resolve("adapter.gguf")));
    }

    @Test
    void importance() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "The cow is black and white. ".repeat(10));
        Path out = folder.resolve("im.gguf");
        assertNamed(Cli.run("model", "imatrix", "--model", model, "--data", text, "--out", out));
        assertFalse(Files.exists(out));
    }

    @Test
    void quantize() {
        Path out = folder.resolve("q.gguf");
        assertNamed(Cli.run("model", "quantize", model, out, "--type", "q4_0", "--allow-requantize"));
        assertFalse(Files.exists(out));
    }
}
