package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergeIntoTest {
    @TempDir
    Path folder;

    private Path base;
    private Path adapter;
    private Path data;
    private Path out;

    @BeforeEach
    void inputs() throws IOException {
        base = Cli.base(folder);
        adapter = RandomAdapter.write(base, folder.resolve("a.gguf"), 3, 1);
        out = folder.resolve("merged.gguf");
        data = Files.writeString(
                folder.resolve("data.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
                        + " {\"role\": \"assistant\", \"content\": \"The cow lives in a barn.\"}]}\n");
    }

    /** The fields that scripts rely on. */
    @Test
    void printsWhatWasWrittenAndWhatIsLeft() throws IOException {
        Path rest = folder.resolve("rest.gguf");
        Cli.Ran ran = Cli.run(
                "adapter",
                "merge",
                adapter + "=-0.5",
                "--into",
                base,
                "--out",
                out,
                "--data",
                data,
                "--keep-delta",
                rest,
                "--delta-rank",
                2,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode json = ran.json();
        assertEquals(3, json.get("tensors_changed").asInt());
        assertEquals(Files.size(out), json.get("bytes_written").asLong());
        for (String field : List.of("kl", "top1_agreement", "loss_base", "loss_adapter", "loss_merged")) {
            assertTrue(json.get(field).isNumber(), field + " in " + ran.out());
        }
        double gain =
                json.get("loss_base").asDouble() - json.get("loss_adapter").asDouble();
        double left = json.get("loss_base").asDouble() - json.get("loss_merged").asDouble();
        JsonNode recovery = json.get("recovery");
        assertEquals(gain <= 0, recovery.isNull());
        if (gain > 0) {
            assertEquals(left / gain, recovery.asDouble(), 1e-9);
        }
        assertEquals(2, json.get("delta").get("rank").asInt());
        assertTrue(json.get("with_delta").get("kl").asDouble() >= 0);
        JsonNode tensor = json.get("tensors").get(0);
        assertEquals("blk.0.attn_q.weight", tensor.get("name").asText());
        assertEquals("Q8_0", tensor.get("to").asText());
        assertEquals(1, tensor.get("kept").asDouble(), 0.05);
        Cli.Ran worn = Cli.run(
                "generate",
                "--model",
                out,
                "--adapter",
                rest,
                "--strict",
                "--prompt",
                "x",
                "--max-tokens",
                1,
                "--json");
        assertEquals(0, worn.code(), worn.err());
    }

    @Test
    void printsATableAndWarnsOfALoss() {
        Cli.Ran ran = Cli.run(
                "adapter",
                "merge",
                adapter + "=0.001",
                "--into",
                base,
                "--out",
                out,
                "--rounding",
                "plain",
                "--type",
                "q4_0");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("% of the change is left after rounding; "), ran.err());
        assertTrue(ran.out().contains("blk.0.ffn_down.weight") && ran.out().contains("Q8_0 -> Q4_0"), ran.out());
        assertTrue(ran.out().contains("merged.gguf: 3 tensors changed"), ran.out());
        assertEquals("plain", GgufFile.read(out).metadata().requireString("chaku.merge.rounding"));
    }

    @Test
    void anAdapterOfAnotherBaseIsRefusedUnlessForced() throws IOException {
        Path other = RandomAdapter.write(
                base,
                folder.resolve("other.gguf"),
                2,
                1,
                List.of("blk.0.attn_q"),
                Map.of(
                        "chaku.base.sha256",
                        GgufValue.of("0".repeat(64)),
                        "chaku.base.file",
                        GgufValue.of("theirs.gguf")));
        Cli.Ran ran = Cli.run("adapter", "merge", other, "--into", base, "--out", out);
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("theirs.gguf") && ran.err().contains(base.toString()), ran.err());
        assertFalse(Files.exists(out));
        assertEquals(
                0,
                Cli.run("adapter", "merge", other, "--into", base, "--out", out, "--force")
                        .code());
        Path fewer = OtherBase.write(base, folder.resolve("fewer.gguf"));
        Path deep = RandomAdapter.write(base, folder.resolve("deep.gguf"), 2, 1, List.of("blk.3.attn_q"), Map.of());
        ran = Cli.run("adapter", "merge", deep, "--into", fewer, "--out", folder.resolve("x.gguf"), "--force");
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("fewer.gguf") && ran.err().contains("blk.3.attn_q"), ran.err());
    }
}
