package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several trainings over one base: each is what it is alone. */
class TrainSeriesTest {
    @TempDir
    Path folder;

    private Path base;
    private Path data;
    private Path out;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
        data = Files.writeString(folder.resolve("data.jsonl"), lines("abc"));
        out = folder.resolve("series");
    }

    private static String lines(String answer) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append("{\"prompt\":\"%d: \",\"completion\":\"%s%d\"}\n".formatted(i, answer, i));
        }
        return lines.toString();
    }

    private Cli.Ran train(Path to, Object... more) {
        List<Object> line = new ArrayList<>(List.of("train", "--model", base, "--data", data, "--out", to));
        line.addAll(List.of("--max-length", 64, "--epochs", 2, "--targets", "q,v", "--no-packing", "--rslora"));
        line.addAll(List.of(more));
        return Cli.run(line.toArray());
    }

    private void assertSame(Path alone, Path one) throws IOException {
        assertEquals(-1, Files.mismatch(alone.resolve("adapter.gguf"), one.resolve("adapter.gguf")), one.toString());
    }

    @Test
    void aSweepTrainsEveryCombinationAndNamesTheBest() throws IOException {
        Cli.Ran ran =
                train(out, "--eval-split", 0.25, "--json", "--sweep", "rank=2,4", "--sweep", "learning-rate=1e-5,2e-2");
        assertEquals(0, ran.code(), ran.err());
        JsonNode result = ran.json();
        assertEquals("eval_loss", result.get("measure").asText());
        assertEquals(4, result.get("variants").size());
        double best = Double.MAX_VALUE;
        for (JsonNode variant : result.get("variants")) {
            best = Math.min(best, variant.get("eval_loss").asDouble());
            assertTrue(Files.isRegularFile(Path.of(variant.get("adapter").asText())));
        }
        JsonNode first = result.get("variants").get(0);
        assertEquals("rank-2+learning-rate-1e-5", first.get("name").asText());
        assertEquals("2", first.get("options").get("rank").asText());
        String named = result.get("best").asText();
        assertTrue(named.endsWith("2e-2"), named);
        assertEquals(
                out.resolve(named).resolve("adapter.gguf").toString(),
                result.get("adapter").asText());
        assertEquals(
                0,
                train(folder.resolve("alone"), "--eval-split", 0.25, "--rank", 4, "--learning-rate", "2e-2")
                        .code());
        assertSame(folder.resolve("alone"), out.resolve("rank-4+learning-rate-2e-2"));
    }

    @Test
    void namedVariantsHaveDataOfTheirOwn() throws IOException {
        Path other = Files.writeString(folder.resolve("other.jsonl"), lines("xyz"));
        Path settings = Files.writeString(
                folder.resolve("series.yaml"),
                "variant:\n  - 'small:rank=2'\n  - 'faq:rank=4,learning-rate=1e-3,data=" + other + "'\n");
        Cli.Ran ran = train(out, "--config", settings);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().contains("The best by train loss: "), ran.out());
        assertTrue(ran.err().contains("the training loss says little"), ran.err());
        assertEquals(0, train(folder.resolve("small"), "--rank", 2).code());
        assertSame(folder.resolve("small"), out.resolve("small"));
        data = other;
        assertEquals(
                0,
                train(folder.resolve("faq"), "--rank", 4, "--learning-rate", "1e-3")
                        .code());
        assertSame(folder.resolve("faq"), out.resolve("faq"));
    }

    /** The same series as maps of a list, values with commas included. */
    @Test
    void variantsOfAFileAreMaps() throws IOException {
        Path settings = Files.writeString(folder.resolve("series.yaml"), """
                variants:
                  - name: small
                    rank: 2
                  - name: ours
                    rank: "4,attn_v=2"
                    learning_rate: 1e-3
                    targets: [q, v, o]
                    no-packing: true
                    rslora: false
                """);
        Cli.Ran ran = train(out, "--config", settings);
        assertEquals(0, ran.code(), ran.err());
        assertEquals(0, train(folder.resolve("small"), "--rank", 2).code());
        assertSame(folder.resolve("small"), out.resolve("small"));
        List<Object> line = List.of(
                "train",
                "--model",
                base,
                "--data",
                data,
                "--out",
                folder.resolve("ours"),
                "--max-length",
                64,
                "--epochs",
                2,
                "--targets",
                "q,v,o",
                "--no-packing",
                "--rank",
                "4,attn_v=2",
                "--learning-rate",
                "1e-3");
        assertEquals(0, Cli.run(line.toArray()).code());
        assertSame(folder.resolve("ours"), out.resolve("ours"));
        // A variant of the command line takes the place of the file's.
        Cli.Ran other = train(folder.resolve("other"), "--config", settings, "--variant", "only:rank=2", "--json");
        assertEquals(0, other.code(), other.err());
        assertEquals(1, other.json().get("variants").size());
    }

    @Test
    void whatIsThereIsNotTrainedAgain() throws IOException {
        assertEquals(0, train(out, "--variant", "a:rank=2").code());
        assertEquals(
                3,
                train(out, "--variant", "a:rank=2", "--variant", "b:rank=2,seed=7")
                        .code());
        byte[] before = Files.readAllBytes(out.resolve("a/log.jsonl"));
        Cli.Ran more = train(out, "--variant", "a:rank=2", "--variant", "b:rank=2,seed=7", "--resume", "--json");
        assertEquals(0, more.code(), more.err());
        assertEquals(2, more.json().get("variants").size());
        assertTrue(more.json().get("finished").asBoolean());
        assertEquals(new String(before), Files.readString(out.resolve("a/log.jsonl")));
    }

    @Test
    void oneThatFailsLeavesTheOthers() throws IOException {
        Cli.Ran ran = train(out, "--json", "--variant", "bad:max-length=9999999", "--variant", "good:rank=2");
        assertEquals(0, ran.code(), ran.err());
        JsonNode bad = ran.json().get("variants").get(0);
        assertTrue(bad.get("error").asText().contains("--max-length: expected at most"), bad.toString());
        assertFalse(bad.has("adapter"));
        assertEquals("good", ran.json().get("best").asText());
        Cli.Ran none = train(folder.resolve("none"), "--variant", "bad:max-length=9999999");
        assertEquals(3, none.code(), none.err());
    }
}
