package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.Adapter;
import dev.chaku.gguf.GgufValue;
import dev.chaku.merge.MergeMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergeCommandTest {
    @TempDir
    Path folder;

    private Path base;
    private Path a;
    private Path b;
    private Path out;

    @BeforeEach
    void adapters() throws IOException {
        base = Cli.base(folder);
        a = RandomAdapter.write(base, folder.resolve("a.gguf"), 3, 1);
        b = RandomAdapter.write(base, folder.resolve("b.gguf"), 3, 2);
        out = folder.resolve("out.gguf");
    }

    @Test
    void everyMethodMakesAnAdapterThatIsWorn() throws IOException {
        for (String method : MergeMethod.labels()) {
            Cli.Ran ran = Cli.run(
                    "adapter",
                    "merge",
                    a + "=0.7",
                    b + "=0.3",
                    "--method",
                    method,
                    "--out",
                    out,
                    "--overwrite",
                    "--json");
            assertEquals(0, ran.code(), ran.err());
            JsonNode json = ran.json();
            assertEquals(method, json.get("method").asText());
            assertEquals(out.toString(), json.get("output").asText());
            assertEquals(3, json.get("tensors").size());
            JsonNode tensor = json.get("tensors").get(0);
            assertEquals("blk.0.attn_q", tensor.get("name").asText());
            assertEquals("[3,3]", tensor.get("ranks").toString());
            assertEquals("[0.7,0.3]", tensor.get("weights").toString());
            assertEquals(method.endsWith("svd"), !tensor.get("energy").isNull(), method);
            assertEquals(
                    method.contains("ties") || method.contains("dare") || method.contains("prune"),
                    json.has("density"));
            Cli.Ran worn = Cli.run(
                    "generate", "--model", base, "--adapter", out, "--prompt", "x", "--max-tokens", 1, "--json");
            assertEquals(0, worn.code(), worn.err());
        }
    }

    @Test
    void theExactMergeIsWornAsBothAre() throws IOException {
        assertEquals(
                0,
                Cli.run("adapter", "merge", a + "=0.7", b + "=-0.3", "--method", "cat", "--out", out)
                        .code());
        Path both = folder.resolve("both.f32");
        Path one = folder.resolve("one.f32");
        List<Object> line =
                List.of("generate", "--model", base, "--tokens", "1,2,3", "--max-tokens", 0, "--device", "float32");
        List<Object> wornBoth = new ArrayList<>(line);
        wornBoth.addAll(List.of("--adapter", a + "=0.7", "--adapter", b + "=-0.3", "--logits", both));
        List<Object> wornOne = new ArrayList<>(line);
        wornOne.addAll(List.of("--adapter", out, "--logits", one));
        Cli.Ran first = Cli.run(wornBoth.toArray());
        assertEquals(0, first.code(), first.err());
        assertEquals(0, Cli.run(wornOne.toArray()).code());
        assertArrayEquals(floats(both), floats(one), 1e-3f);
    }

    private static float[] floats(Path file) throws IOException {
        FloatBuffer buffer = ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    @Test
    void printsWhatEachProductKeeps() {
        Cli.Ran ran = Cli.run("adapter", "merge", a, b, "--method", "svd", "--energy", "0.9", "--out", out);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.out()
                                .lines()
                                .filter(line -> line.matches("blk\\.\\S+ +rank +3, 3 -> \\d +keeps +\\d+\\.\\d{3} %"))
                                .count()
                        == 3,
                ran.out());
        assertTrue(ran.out().contains("out.gguf: svd of a.gguf, b.gguf; 3 products of rank "), ran.out());
        assertEquals("", ran.err());
    }

    @Test
    void saysWhatIsInSomeOnly() throws IOException {
        Path other = RandomAdapter.write(
                base, folder.resolve("c.gguf"), 3, 3, List.of("blk.0.attn_q", "blk.2.attn_v"), Map.of());
        Cli.Ran ran = Cli.run("adapter", "merge", a, other, "--method", "linear", "--out", out);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.err()
                        .contains(
                                "note: 3 products of 4 are in some adapters only and count as zero in the others:"
                                        + " blk.0.ffn_down (not in c.gguf), blk.1.attn_q (not in c.gguf), blk.2.attn_v (not in a.gguf)"),
                ran.err());
    }

    @Test
    void weightsOfModulesAndLayers() throws IOException {
        Cli.Ran ran = Cli.run(
                "adapter",
                "merge",
                a,
                b,
                "--method",
                "cat",
                "--module-weights",
                "down=1,0",
                "--layer-weights",
                "1=0.2,0.8",
                "--layer-weights",
                "0-3=0.5,0.5",
                "--out",
                out,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        List<String> weights = new ArrayList<>();
        ran.json()
                .get("tensors")
                .forEach(tensor -> weights.add(tensor.get("weights").toString()));
        assertEquals(List.of("[0.5,0.5]", "[1.0,0.0]", "[0.2,0.8]"), weights);
        try (Adapter merged = Adapter.load(out)) {
            assertEquals(
                    List.of("down=1.0,0.0", "1-1=0.2,0.8", "0-3=0.5,0.5"),
                    merged.metadata().requireStrings("chaku.merge.weight_rules").toList());
        }
        Cli.Ran idle = Cli.run(
                "adapter",
                "merge",
                a,
                b,
                "--method",
                "cat",
                "--module-weights",
                "attn_v=1,0",
                "--out",
                folder.resolve("x"));
        assertEquals(3, idle.code());
        assertTrue(idle.err().contains("weights of 'attn_v': expected a product that they decide"), idle.err());
    }

    @Test
    void otherBasesAreRefusedUnlessForced() throws IOException {
        Path other = RandomAdapter.write(
                base,
                folder.resolve("other.gguf"),
                3,
                3,
                List.of("blk.0.attn_q"),
                Map.of("chaku.base.sha256", GgufValue.of("cd".repeat(32)), "chaku.base.file", GgufValue.of("x.gguf")));
        Path one = RandomAdapter.write(
                base,
                folder.resolve("one.gguf"),
                3,
                3,
                List.of("blk.0.attn_q"),
                Map.of("chaku.base.sha256", GgufValue.of("ef".repeat(32)), "chaku.base.file", GgufValue.of("y.gguf")));
        Cli.Ran ran = Cli.run("adapter", "merge", one, other, "--method", "svd", "--out", out);
        assertEquals(3, ran.code(), ran.err());
        assertTrue(
                ran.err()
                        .contains(
                                "other.gguf: expected an adapter that was trained on y.gguf (sha256 efefefefefef…), as"
                                        + " one.gguf was, found one of x.gguf (sha256 cdcdcdcdcdcd…); --force goes on all the same"),
                ran.err());
        assertFalse(Files.exists(out));
        assertEquals(
                0,
                Cli.run("adapter", "merge", one, other, "--method", "svd", "--out", out, "--force")
                        .code());
    }

    @Test
    void otherShapesAndRanksAreRefused() throws IOException {
        Path higher = RandomAdapter.write(base, folder.resolve("higher.gguf"), 5, 3);
        Cli.Ran ran = Cli.run("adapter", "merge", a, higher, "--method", "ties", "--out", out);
        assertEquals(3, ran.code());
        assertTrue(
                ran.err().contains("higher.gguf: tensor blk.0.attn_q.weight: ties combines factors and expects equal"),
                ran.err());
        assertEquals(
                0,
                Cli.run("adapter", "merge", a, higher, "--method", "ties_svd", "--out", out)
                        .code());
    }

    @Test
    void theHelpHasExamples() {
        Cli.Ran ran = Cli.run("adapter", "merge", "--help");
        assertEquals(0, ran.code());
        for (String method : MergeMethod.labels()) {
            assertTrue(ran.out().contains(method) || method.endsWith("_svd"), method);
        }
        assertTrue(
                ran.out().contains("chaku adapter merge runs/a=0.7 runs/b=0.3 --method svd --rank 16 --out both.gguf"));
    }
}
