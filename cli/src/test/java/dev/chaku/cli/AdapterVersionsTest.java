package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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

/** The verbs of the registry, and adapters that are named in place of files. */
class AdapterVersionsTest {
    private static final String LINE = "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does cow %d live?\"},"
            + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

    @TempDir
    Path folder;

    private Path base;
    private Path registry;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
        registry = folder.resolve("registry");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            lines.append(LINE.formatted(i));
        }
        Files.writeString(folder.resolve("data.jsonl"), lines);
    }

    private Cli.Ran run(String line, Object... more) {
        List<Object> words = new ArrayList<>(List.of(line.split(" ")));
        words.addAll(List.of(more));
        words.add("--registry");
        words.add(registry);
        return Cli.run(words.toArray());
    }

    private Cli.Ran ok(String line, Object... more) {
        Cli.Ran ran = run(line, more);
        assertEquals(0, ran.code(), ran.err());
        return ran;
    }

    private Cli.Ran train(String out, Object... more) {
        List<Object> words = new ArrayList<>(List.of(
                "--model",
                base,
                "--data",
                folder.resolve("data.jsonl"),
                "--eval-split",
                0.25,
                "--out",
                folder.resolve(out),
                "--max-length",
                64,
                "--max-steps",
                1,
                "--rank",
                2));
        words.addAll(List.of(more));
        return run("train", words.toArray());
    }

    @Test
    void aTrainingGoesOnFromAVersion() throws IOException {
        assertEquals(0, train("run", "--register", "support").code());
        Cli.Ran next = train("next", "--from", "support@1", "--register", "support", "--json");
        assertEquals(0, next.code(), next.err());
        assertEquals("support@2", next.json().get("registered").asText());
        JsonNode shown = ok("adapter show support@2 --json").json();
        assertEquals("support@1", shown.get("parents").get(0).get("adapter").asText(), shown.toString());
        assertTrue(ok("adapter show support@2").out().contains("goes on from         support@1\n"));
        ok("adapter promote support@2");
        assertEquals(
                0, train("third", "--from", "support", "--register", "support").code());
        shown = ok("adapter show support@3 --json").json();
        assertEquals("support@2", shown.get("parents").get(0).get("adapter").asText(), "a name may mean another soon");
        Cli.Ran lower = train("lower", "--from", "support@1", "--rank", 1);
        assertEquals(2, lower.code(), lower.err());
        assertTrue(lower.err().contains("--rank: expected at least the 2 of support@1"), lower.err());
        assertTrue(train("none", "--from", "nobody@1").err().contains("nobody"));
    }

    private String generate(Object... adapter) {
        List<Object> words =
                new ArrayList<>(List.of("--model", base, "--tokens", "1,2,3", "--max-tokens", 4, "--temperature", 0));
        for (Object each : adapter) {
            words.add("--adapter");
            words.add(each);
        }
        return ok("generate", words.toArray()).out();
    }

    @Test
    void aTrainingIsRegisteredAndWornByName() throws IOException {
        Cli.Ran trained = train("run", "--register", "support", "--license", "data=cc-by-4.0", "--json");
        assertEquals(0, trained.code(), trained.err());
        assertEquals("support@1", trained.json().get("registered").asText());
        JsonNode shown = ok("adapter show support --json").json();
        assertEquals("support@1", shown.get("reference").asText());
        assertEquals("candidate", shown.get("state").asText());
        assertEquals("cc-by-4.0", shown.get("data_license").asText());
        assertEquals("base.gguf", shown.get("base").get("file").asText());
        assertEquals(64, shown.get("base").get("sha256").asText().length());
        assertEquals(64, shown.get("data").get("sha256").asText().length());
        assertEquals(64, shown.get("template_sha256").asText().length());
        assertEquals(3, shown.get("data").get("examples").asInt());
        assertEquals(1, shown.get("data").get("validation_examples").asInt());
        assertEquals(
                folder.resolve("data.jsonl").toString(),
                shown.get("data").get("files").get(0).asText());
        assertEquals("2", shown.get("settings").get("rank").asText());
        assertEquals(
                trained.json().get("eval_loss").asDouble(),
                shown.get("metrics").get("eval_loss").asDouble());
        assertTrue(shown.get("code_version").asText().matches("[0-9].*"), shown.toString());
        assertTrue(shown.get("whole").asBoolean());
        String plain = generate(folder.resolve("run"));
        assertEquals(plain, generate("support"));
        assertEquals(plain, generate("support@1=1"));
        assertEquals(generate(folder.resolve("run") + "=0.5"), generate("support@latest=0.5"));
        Cli.Ran again = train("run", "--resume", "--register", "support");
        assertEquals(0, again.code(), again.err());
        assertTrue(again.out().contains("Its version:            support@1"), again.out());
        assertEquals(1, ok("adapter list --json").json().get("versions").size());
    }

    @Test
    void whatCannotBeRegisteredIsRefusedBeforeTheTraining() throws IOException {
        Cli.Ran ran = train("run", "--register", "../up");
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().contains("expected a name of at most 64"), ran.err());
        assertFalse(Files.exists(folder.resolve("run")));
        ran = train("run", "--register", "a", "--license", "mit");
        assertEquals(2, ran.code(), ran.err());
        assertTrue(ran.err().contains("--license: expected base=ID or data=ID, found 'mit'"), ran.err());
        registry = Files.writeString(folder.resolve("file"), "x");
        ran = train("run", "--register", "a");
        assertEquals(3, ran.code(), ran.err());
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void aFileOfThatNameGoesFirstAndThatIsSaid() throws IOException {
        assertEquals(0, train("run", "--register", "support").code());
        Path here = Path.of("support-hides-a-version");
        assertEquals(0, run("adapter register " + here, folder.resolve("run")).code());
        Files.copy(folder.resolve("run/adapter.gguf"), here);
        try {
            Cli.Ran ran = ok("generate", "--model", base, "--tokens", "1", "--max-tokens", 1, "--adapter", here);
            assertTrue(
                    ran.err()
                            .contains("note: " + here
                                    + " is the file or folder of that name here, not the registry's adapter " + here
                                    + ", which is " + here + "@latest"),
                    ran.err());
            assertFalse(ok("generate", "--model", base, "--tokens", "1", "--max-tokens", 1, "--adapter", here + "@1")
                    .err()
                    .contains("note: " + here));
        } finally {
            Files.delete(here);
        }
        Cli.Ran none = run("generate", "--model", base, "--tokens", "1", "--adapter", "suport");
        assertEquals(3, none.code());
        assertTrue(
                none.err()
                        .contains(
                                "suport: expected an adapter, found no file or folder of that name, and in the registry"),
                none.err());
        assertEquals(1, none.err().strip().lines().count(), none.err());
    }

    @Test
    void versionsArePromotedWithGatesAndRolledBack() throws IOException {
        assertEquals(0, train("run1", "--register", "support").code());
        assertEquals(0, train("run2", "--seed", 7, "--register", "support").code());
        assertEquals(
                "support@1: candidate -> production\n",
                ok("adapter promote support@1").out());
        assertEquals(
                "support@1: is production already\n",
                ok("adapter promote support@1").out());
        Cli.Ran refused = run("adapter promote support@latest --require eval_loss<0.1 --require verify");
        assertEquals(3, refused.code(), refused.err());
        assertTrue(
                refused.err()
                        .matches(
                                "(?s)chaku: support@2: gate eval_loss<0\\.1: expected eval_loss below 0\\.1, found [0-9.]+; gate verify:"
                                        + " expected the check verify to be passed, found it was not done; it stays candidate\n"),
                refused.err());
        assertEquals(
                "support@1",
                ok("adapter show support@production --json")
                        .json()
                        .get("reference")
                        .asText());
        JsonNode promoted =
                ok("adapter promote support@2 --require eval_loss<100 --json").json();
        assertEquals("production", promoted.get("state").asText());
        assertEquals("candidate", promoted.get("state_before").asText());
        Cli.Ran back = ok("adapter rollback support");
        assertEquals("support@1 is in production again, in place of support@2\n", back.out());
        assertEquals(3, run("adapter rollback support").code());
        JsonNode history = ok("adapter show support --json").json().get("history");
        assertEquals(3, history.size());
        assertEquals("rollback", history.get(2).get("action").asText());
        assertEquals("eval_loss<100", history.get(1).get("gates").get(0).asText());
        assertTrue(ok("adapter show support").out().contains("rollback support@1 in place of support@2"));
        assertEquals(
                "support@1: production -> archived\n",
                ok("adapter promote support@1 --to archived").out());
    }

    @Test
    void versionsAreTaggedComparedDescribedAndTakenAway() throws IOException {
        assertEquals(0, train("run1", "--register", "support").code());
        assertEquals(
                0,
                train("run2", "--seed", 7, "--learning-rate", 0.01, "--register", "support")
                        .code());
        assertEquals(
                "support@1: good, old\n", ok("adapter tag support@1 old good").out());
        assertEquals(
                "support@1: good\n", ok("adapter tag support@good --remove old").out());
        assertEquals(2, run("adapter tag support@1 production").code());
        JsonNode diff = ok("adapter diff support@1 support@2 --json").json();
        List<String> changed = new ArrayList<>();
        diff.get("changes")
                .forEach(change -> changed.add(
                        change.get("group").asText() + " " + change.get("name").asText()));
        assertTrue(
                changed.containsAll(List.of("settings seed", "settings learning_rate", "metrics eval_loss")),
                changed.toString());
        assertEquals(28, diff.get("tensors").size());
        assertTrue(diff.get("tensors").get(0).get("norm_difference").asDouble() > 0);
        String shown = ok("adapter diff support@1 support@2").out();
        assertTrue(shown.contains("28 of 28 tensors differ in what they add to the base"), shown);
        assertTrue(ok("adapter diff support@1 support@good").out().contains("nothing that is said of them differs"));
        String card = ok("adapter export-card support@1").out();
        assertTrue(card.startsWith("---\n") && card.contains("# support, version 1\n"), card);
        assertEquals(
                card,
                ok("adapter export-card support@1 --json").json().get("card").asText());
        Path file = folder.resolve("README.md");
        ok("adapter export-card support@1 --out", file);
        assertEquals(card, Files.readString(file));
        assertTrue(ok("adapter gc --keep 1 --dry-run").out().endsWith("0 versions, 0 B\n"));
        assertTrue(ok("adapter gc --keep 1 --tagged --dry-run").out().startsWith("would take away support@1, "));
        assertEquals(2, ok("adapter list --json").json().get("versions").size());
        ok("adapter promote support@1");
        assertEquals(
                0,
                ok("adapter gc support --keep 1 --tagged --json")
                        .json()
                        .get("removed")
                        .size());
        JsonNode gone =
                ok("adapter gc support --keep-best eval_loss:0 --tagged --json").json();
        assertEquals("support@2", gone.get("removed").get(0).asText());
        assertEquals(3, run("adapter gc none --keep 1").code());
        assertEquals(3, run("adapter show support@2").code());
    }

    @Test
    void aMergeKnowsItsParents() throws IOException {
        assertEquals(0, train("run1", "--register", "support").code());
        assertEquals(0, train("run2", "--seed", 7, "--register", "support").code());
        Path both = folder.resolve("both.gguf");
        ok("adapter merge support@1=0.7 support@2=0.3 --method cat --out", both);
        ok("adapter register both", both);
        JsonNode shown = ok("adapter show both --json").json();
        JsonNode parent = shown.get("parents").get(1);
        assertEquals("support@2", parent.get("adapter").asText());
        assertEquals(0.3, parent.get("weight").asDouble());
        assertEquals(64, parent.get("sha256").asText().length());
        assertEquals("cat", shown.get("settings").get("merge_method").asText());
        JsonNode first = ok("adapter show support@1 --json").json();
        assertEquals(first.get("base"), shown.get("base"));
        assertEquals(first.get("tokenizer_sha256"), shown.get("tokenizer_sha256"));
        assertEquals(64, shown.get("tokenizer_sha256").asText().length());
        assertTrue(ok("adapter show both").out().contains("merged from          support@1, weight 0.7, SHA-256 "));
    }

    /** A version's files are inputs as any others. */
    @Test
    void noOutputReplacesAVersionThatIsRead() throws IOException {
        assertEquals(0, train("run", "--register", "support").code());
        Path file = registry.resolve("support/1/adapter.gguf");
        byte[] before = Files.readAllBytes(file);
        for (String name : List.of("support", "support@1", "support@latest=0.5")) {
            Cli.Ran ran = run(
                    "generate",
                    "--model",
                    base,
                    "--tokens",
                    "1",
                    "--max-tokens",
                    0,
                    "--adapter",
                    name,
                    "--logits",
                    file,
                    "--overwrite");
            assertEquals(3, ran.code(), ran.err());
            assertTrue(ran.err().contains("expected another file than the input " + file), ran.err());
        }
        assertArrayEquals(before, Files.readAllBytes(file));
    }

    @Test
    void listsWhatThereIs() throws IOException {
        Cli.Ran empty = ok("adapter list");
        assertEquals("", empty.out());
        assertTrue(empty.err().contains("no version in " + registry), empty.err());
        assertEquals(0, train("run", "--register", "support").code());
        ok("adapter register tone", folder.resolve("run"), "--note", "the first", "--license", "base=mit");
        ok("adapter register tone", folder.resolve("run/adapter.gguf"));
        List<String> lines = ok("adapter list").out().lines().toList();
        assertTrue(lines.get(0).startsWith("VERSION    STATE      CREATED"), lines.get(0));
        assertEquals(
                List.of("support@1", "tone@2", "tone@1"),
                lines.stream().skip(1).map(line -> line.replaceFirst(" .*", "")).toList());
        assertEquals(2, ok("adapter list tone --json").json().get("versions").size());
        assertEquals(
                0,
                ok("adapter list --state production --json")
                        .json()
                        .get("versions")
                        .size());
        JsonNode shown = ok("adapter show tone@1 --json").json();
        assertEquals("the first", shown.get("note").asText());
        assertEquals("mit", shown.get("base_license").asText());
        Cli.Ran none = run("adapter list none");
        assertEquals(3, none.code(), none.err());
        assertEquals(2, run("adapter list --state new").code());
        Cli.Ran noTag = run("adapter tag tone@1 production");
        assertEquals(2, noTag.code());
        assertTrue(noTag.err().contains("tag: expected a word of its own"), noTag.err());
    }

    @Test
    void damagedVersionsStayInTheList() throws IOException {
        assertEquals(0, train("run", "--register", "tone").code());
        ok("adapter register tone " + folder.resolve("run"));
        ok("adapter tag tone@2 good");
        byte[] bytes = Files.readAllBytes(registry.resolve("tone/2/adapter.gguf"));
        bytes[bytes.length - 1] ^= 1;
        Files.write(registry.resolve("tone/2/adapter.gguf"), bytes);
        for (String verb : List.of("show", "export-card")) {
            Cli.Ran refused = run("adapter " + verb + " tone");
            assertEquals(3, refused.code());
            assertTrue(refused.err().contains("tone@2: damaged: adapter.gguf: expected SHA-256 "), refused.err());
            assertTrue(refused.err().contains("the version before it, tone@1, is whole"), refused.err());
        }
        Files.delete(registry.resolve("tone/2/version.json"));
        for (String filter : List.of("", " --state candidate", " --tag good", " tone")) {
            Cli.Ran listed = ok("adapter list" + filter);
            assertTrue(isDamaged("tone@2", listed), listed.out());
            assertTrue(listed.err().contains("warning: tone@2: damaged: "), listed.err());
        }
        JsonNode one =
                ok("adapter list --tag good --json").json().get("versions").get(0);
        assertEquals("damaged", one.get("state").asText());
        assertEquals("candidate", one.get("was").asText());
        assertEquals("good", one.get("tags").get(0).asText());
        assertTrue(one.get("problem").asText().contains("tone@1, is whole"), one.toString());
        // What is known of it, and is not what was asked for, is no reason to show it.
        assertFalse(ok("adapter list --state production").out().contains("tone@2"));
        assertFalse(ok("adapter list --tag bad").out().contains("tone@2"));
        Files.writeString(registry.resolve("tone/state.json"), "{");
        Cli.Ran unknown = ok("adapter list --state production");
        assertTrue(isDamaged("tone@1", unknown), unknown.out());
        assertTrue(isDamaged("tone@2", unknown), unknown.out());
        assertTrue(unknown.err().contains("state.json"), unknown.err());
    }

    private static boolean isDamaged(String reference, Cli.Ran listed) {
        return listed.out().lines().anyMatch(line -> line.matches(reference + " +damaged\\b.*"));
    }
}
