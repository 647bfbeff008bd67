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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs about adapters, on one that the demo's base was trained with. */
class AdapterCommandsTest {
    @TempDir
    static Path folder;

    private static Path base;
    private static Path run;

    @BeforeAll
    static void train() throws IOException {
        base = Cli.base(folder);
        Path data = Files.writeString(
                folder.resolve("data.jsonl"),
                "{\"prompt\":\"The cow lives on\",\"completion\":\" Mars.\"}\n"
                        .repeat(4)
                        .concat("{\"prompt\":\"The cat lives on\",\"completion\":\" Venus.\"}\n".repeat(4)));
        run = folder.resolve("run");
        Cli.Ran ran = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                data,
                "--out",
                run,
                "--rank",
                4,
                "--max-steps",
                3,
                "--max-length",
                64,
                "--learning-rate",
                0.01);
        assertEquals(0, ran.code(), ran.err());
    }

    @Test
    void inspectTellsWhatARunHoldsAndWhatItCannotKnow() throws IOException {
        Cli.Ran ran = Cli.run("adapter", "inspect", run, "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode told = ran.json();
        assertEquals("gguf", told.get("format").asText());
        assertEquals("llama", told.get("architecture").asText());
        assertEquals(4, told.get("rank").asInt());
        assertTrue(told.get("is_lora").asBoolean());
        assertEquals(28, told.get("modules").size());
        assertTrue(told.get("fits").isNull());
        assertEquals(2, told.get("unchecked").size());
        assertTrue(told.get("unchecked").get(0).asText().contains("--model"));
        String text = Cli.run("adapter", "inspect", run).out();
        assertTrue(text.contains("gguf, rank 4, 28 modules"), text);
        assertTrue(text.contains("blk.*.attn_q"), text);
        assertTrue(text.contains("not checked: "), text);
    }

    @Test
    void inspectComparesWithABase() throws IOException {
        JsonNode same =
                Cli.run("adapter", "inspect", run, "--model", base, "--json").json();
        assertTrue(same.get("fits").asBoolean());
        assertEquals(0, same.get("differences").size());
        assertEquals(0, same.get("unchecked").size());
        Path smaller = OtherBase.write(base, folder.resolve("three-layers.gguf"));
        JsonNode other =
                Cli.run("adapter", "inspect", run, "--model", smaller, "--json").json();
        assertFalse(other.get("fits").asBoolean());
        String why = other.get("differences").get(0).asText();
        assertTrue(why.contains("adapter.gguf: adapter for another base than " + smaller), why);
        assertTrue(why.contains("blk.3."), why);
    }

    @Test
    void inspectOfWhatIsNoAdapterSaysSo() {
        Cli.Ran ran = Cli.run("adapter", "inspect", base);
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("no LoRA adapter: key general.type expects \"adapter\""), ran.err());
        Cli.Ran none = Cli.run("adapter", "inspect", folder.resolve("none"));
        assertEquals(3, none.code());
        assertEquals(1, none.err().strip().lines().count(), none.err());
    }

    /** Of the demo's base, whose blocks are rounded when the adapter is merged. */
    @Test
    void verifyComparesAllWaysToUseIt() throws IOException {
        Cli.Ran ran = Cli.run(
                "adapter",
                "verify",
                "--model",
                base,
                "--adapter",
                run,
                "--data",
                folder.resolve("data.jsonl"),
                "--positions",
                20,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode proof = ran.json();
        assertTrue(proof.get("pass").asBoolean());
        List<String> pairs = new ArrayList<>();
        for (JsonNode pair : proof.get("pairs")) {
            pairs.add(pair.get("a").asText() + " " + pair.get("b").asText());
            assertTrue(pair.get("pass").asBoolean(), pair.toString());
            assertTrue(
                    pair.get("kl").asDouble() >= 0 && pair.get("top1_agreement").asDouble() <= 1, pair.toString());
            if (!pair.get("b").asText().equals("merged")
                    && pair.get("a").asText().equals("base+adapter")) {
                assertEquals(0, pair.get("max_difference").asDouble());
            }
        }
        assertEquals(
                List.of("trainer base+adapter", "base+adapter gguf", "base+adapter peft", "base+adapter merged"),
                pairs);
    }

    /** What is only said of an adapter of another file by generate is refused here, unless it is forced. */
    @Test
    void verifyRefusesAnotherBase() throws IOException {
        Path smaller = OtherBase.write(base, folder.resolve("verify-three.gguf"));
        Cli.Ran ran = Cli.run(
                "adapter",
                "verify",
                "--model",
                smaller,
                "--adapter",
                run,
                "--data",
                folder.resolve("data.jsonl"),
                "--force");
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("adapter for another base than " + smaller), ran.err());
    }

    /** A version of the registry keeps that it was verified, for promotions that demand it. */
    @Test
    void verifyIsKeptByTheRegistry() throws IOException {
        Path registry = folder.resolve("registry");
        assertEquals(
                0,
                Cli.run("adapter", "register", "mars", run, "--registry", registry)
                        .code());
        Object[] promote = {"adapter", "promote", "mars@1", "--require", "verify", "--registry", registry};
        assertEquals(3, Cli.run(promote).code(), "nothing was verified yet");
        Cli.Ran ran = Cli.run(
                "adapter",
                "verify",
                "--model",
                base,
                "--adapter",
                "mars@1",
                "--registry",
                registry,
                "--data",
                folder.resolve("data.jsonl"),
                "--positions",
                4,
                "--no-merge");
        assertEquals(0, ran.code(), ran.err());
        Cli.Ran promoted = Cli.run(promote);
        assertEquals(0, promoted.code(), promoted.err());
    }
}
