package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code adapter import} and {@code adapter export}. */
class AdapterExchangeTest {
    @TempDir
    Path folder;

    private Path base;
    private Path adapter;

    @BeforeEach
    void files() throws IOException {
        base = Cli.base(folder);
        adapter = SmallAdapter.write(base, folder.resolve("adapter.gguf"));
    }

    private byte[] logits(Path worn, String name) throws IOException {
        Path file = folder.resolve(name);
        Cli.Ran ran = Cli.run(
                "generate",
                "--model",
                base,
                "--adapter",
                worn,
                "--prompt",
                "The cow",
                "--max-tokens",
                0,
                "--logits",
                file);
        assertEquals(0, ran.code(), ran.err());
        return Files.readAllBytes(file);
    }

    @Test
    void whatIsExportedAndImportedSaysTheSameToTheBit() throws IOException {
        Path peft = folder.resolve("peft");
        Cli.Ran out =
                Cli.run("adapter", "export", adapter, "--format", "peft", "--model", base, "--out", peft, "--json");
        assertEquals(0, out.code(), out.err());
        assertEquals("peft", out.json().get("format").asText());
        assertEquals(3, out.json().get("products").asInt());
        assertTrue(Files.exists(peft.resolve("adapter_model.safetensors")));

        Path again = folder.resolve("again.gguf");
        Cli.Ran in = Cli.run("adapter", "import", peft, "--model", base, "--out", again, "--json");
        assertEquals(0, in.code(), in.err());
        JsonNode told = in.json();
        assertEquals("llama", told.get("architecture").asText());
        assertEquals(2, told.get("rank").asInt());
        assertEquals(4, told.get("alpha").asDouble());
        assertArrayEquals(logits(adapter, "a.f32"), logits(again, "b.f32"));
        assertFalse(Arrays.equals(logits(adapter, "c.f32"), plainLogits()), "the adapter does something");
    }

    private byte[] plainLogits() throws IOException {
        Path file = folder.resolve("plain.f32");
        Cli.run("generate", "--model", base, "--prompt", "The cow", "--max-tokens", 0, "--logits", file);
        return Files.readAllBytes(file);
    }

    @Test
    void aFolderIsNeverReplacedAndItsFormatIsOneThatIsWritten() throws IOException {
        Path peft = SmallAdapter.peft(base, folder.resolve("peft"));
        Cli.Ran there = Cli.run(
                "adapter", "export", adapter, "--format", "peft", "--model", base, "--out", peft, "--overwrite");
        assertEquals(3, there.code());
        assertEquals(1, there.err().strip().lines().count(), there.err());
        Cli.Ran mlx = Cli.run("adapter", "export", adapter, "--format", "mlx", "--model", base, "--out", peft);
        assertEquals(2, mlx.code());
        assertTrue(mlx.err().contains("--format: expected peft or gguf"), mlx.err());
    }

    /** Both sides are named; a hash that differs is a matter of will, a shape is not. */
    @Test
    void anAdapterOfAnotherFileIsRefusedUnlessForced() throws IOException {
        Path stamped = stamped("0".repeat(64));
        Path out = folder.resolve("out.gguf");
        Cli.Ran refused = Cli.run("adapter", "import", stamped, "--model", base, "--out", out);
        assertEquals(3, refused.code());
        assertTrue(
                refused.err().contains("stamped.gguf")
                        && refused.err().contains("trained on another model file (elsewhere.gguf) than " + base)
                        && refused.err().contains("--force goes on all the same"),
                refused.err());
        assertFalse(Files.exists(out));
        Cli.Ran forced = Cli.run("adapter", "import", stamped, "--model", base, "--out", out, "--force");
        assertEquals(0, forced.code(), forced.err());
        assertTrue(forced.err().contains("note: "), forced.err());

        Path smaller = OtherBase.write(base, folder.resolve("three.gguf"));
        Path deep = SmallAdapter.write(base, folder.resolve("deep.gguf"), 3);
        Cli.Ran misfit = Cli.run(
                "adapter",
                "export",
                deep,
                "--format",
                "peft",
                "--model",
                smaller,
                "--out",
                folder.resolve("p"),
                "--force");
        assertEquals(3, misfit.code());
        assertTrue(misfit.err().contains("adapter for another base than " + smaller), misfit.err());
    }

    /** Says that it was trained on a file of another hash, with other tokens. */
    private Path stamped(String hash) {
        GgufFile file = GgufFile.read(adapter);
        GgufWriter writer = GgufWriter.to(folder.resolve("stamped.gguf")).putAll(file.metadata());
        writer.put("chaku.base.sha256", hash).put("chaku.base.file", "elsewhere.gguf");
        for (GgufTensor tensor : file.tensors()) {
            writer.tensor(tensor.name(), tensor.type(), tensor.dims(), file.copyOf(tensor));
        }
        writer.write();
        return folder.resolve("stamped.gguf");
    }

    @Test
    void doraSaysThatAModelCanBeMadeOfIt() throws IOException {
        Path peft = SmallAdapter.peft(base, folder.resolve("peft"));
        Path config = peft.resolve("adapter_config.json");
        Files.writeString(config, Files.readString(config).replace("\"use_dora\" : false", "\"use_dora\" : true"));
        Cli.Ran ran = Cli.run("adapter", "import", peft, "--model", base, "--out", folder.resolve("o.gguf"));
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("use_dora = true is not supported: DoRA"), ran.err());
        JsonNode told = Cli.run("adapter", "inspect", peft, "--json").json();
        assertFalse(told.get("is_lora").asBoolean());
        assertEquals(2, told.get("beyond").size());
        assertTrue(told.get("beyond").get(1).toString().contains("without lora_magnitude_vector"), told.toString());
    }

    @Test
    void wearingAFolderOfPeftSaysToImportIt() {
        Path peft = SmallAdapter.peft(base, folder.resolve("peft"));
        Cli.Ran ran = Cli.run("generate", "--model", base, "--adapter", peft, "--prompt", "x", "--max-tokens", 1);
        assertEquals(3, ran.code());
        assertTrue(
                ran.err()
                        .contains(
                                "found one of PEFT; import it first: chaku adapter import DIR --model BASE --out FILE"),
                ran.err());
    }

    @Test
    void exportMergedMakesAModel() throws IOException {
        Path out = folder.resolve("merged.gguf");
        Cli.Ran ran = Cli.run("adapter", "export", adapter, "--merged", "--model", base, "--out", out, "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(3, ran.json().get("tensors_changed").asInt());
        assertEquals(
                0,
                Cli.run("generate", "--model", out, "--prompt", "x", "--max-tokens", 1)
                        .code());
        Path peft = SmallAdapter.peft(base, folder.resolve("peft"));
        Path same = folder.resolve("same.gguf");
        Cli.Ran ofFolder = Cli.run("adapter", "export", peft, "--merged", "--model", base, "--out", same);
        assertEquals(0, ofFolder.code(), ofFolder.err());
        GgufFile first = GgufFile.read(out);
        GgufFile second = GgufFile.read(same);
        for (GgufTensor tensor : first.tensors()) {
            assertEquals(
                    first.readTensor(tensor), second.readTensor(second.requireTensor(tensor.name())), tensor.name());
        }
    }
}
