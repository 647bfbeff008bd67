package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelImatrixCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesWhatQuantizeReads() throws IOException {
        Path text = Files.writeString(folder.resolve("t.txt"), "The cow lives on Mars. ".repeat(40));
        Path matrix = folder.resolve("imatrix.gguf");
        Cli.Ran ran = Cli.run(
                "model",
                "imatrix",
                "--model",
                Cli.base(folder),
                "--data",
                text,
                "--out",
                matrix,
                "--chunk-tokens",
                64,
                "--max-chunks",
                3,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(3, ran.json().get("chunks").asInt());
        assertEquals(28, ran.json().get("tensors").asInt());
        Cli.Ran quantized = Cli.run(
                "model",
                "quantize",
                Cli.base(folder),
                folder.resolve("out.gguf"),
                "--type",
                "q4_0",
                "--imatrix",
                matrix,
                "--allow-requantize",
                "--json");
        assertEquals(0, quantized.code(), quantized.err());
        Path once = folder.resolve("once.gguf");
        Cli.Ran both = Cli.run(
                "model",
                "quantize",
                Cli.base(folder),
                once,
                "--type",
                "q4_0",
                "--imatrix-data",
                text,
                "--allow-requantize");
        assertEquals(0, both.code(), both.err());
        assertEquals(Files.size(folder.resolve("out.gguf")) / 1000, Files.size(once) / 1000);
        assertTrue(Cli.run("model", "imatrix", "--help").out().contains("  chaku model imatrix"));
        assertEquals(
                3,
                Cli.run("model", "imatrix", "--model", Cli.base(folder), "--data", "none.txt", "--out", "x.gguf")
                        .code());
    }
}
