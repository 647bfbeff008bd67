package dev.chaku.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterRegistryTest {
    @TempDir
    Path folder;

    private AdapterRegistry registry;

    @BeforeEach
    void open() {
        registry = AdapterRegistry.open(folder.resolve("registry"));
    }

    /** A version with this validation loss. */
    private AdapterVersion add(String name, double evalLoss) {
        Path run = SomeAdapter.run(folder.resolve("run-" + name + evalLoss), (float) evalLoss, evalLoss);
        return registry.register(name, run, VersionDescription.of(run));
    }

    private String fault(Runnable work) {
        return assertThrows(BadInputException.class, work::run).getMessage();
    }

    @Test
    void aRunIsRegisteredWithWhatItsFolderTells() throws IOException {
        AdapterVersion version = add("support", 1.25);
        assertEquals("support@1", version.reference());
        assertEquals(VersionState.CANDIDATE, version.state());
        Lineage lineage = version.description().lineage();
        assertEquals(new Lineage.Base("Tiny", "tiny.gguf", "abc", "llama"), lineage.base());
        assertEquals(new Lineage.Data(List.of(), "123", 20, "456", 2, 20), lineage.data());
        assertEquals("def", lineage.templateSha256());
        assertEquals("c0ffee", lineage.tokenizerSha256());
        assertEquals(Map.of("rank", "1", "learning_rate", "0.00125", "packing", "true"), lineage.settings());
        assertEquals("0.1", lineage.codeVersion());
        assertEquals(
                new Licences("apache-2.0", "unknown"), version.description().licences());
        assertEquals(1.25, version.metrics().get("eval_loss"));
        assertEquals(1.6, version.metrics().get("train_loss"));
        assertEquals(10.0, version.metrics().get("steps"));
        assertEquals(Sha256.of(version.file()), version.sha256());
        try (Stream<Path> files = Files.list(version.folder())) {
            assertEquals(
                    Set.of("adapter.gguf", "config.json", "result.json", "log.jsonl", "version.json", "SHA256SUMS"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
        assertEquals(version, registry.resolve("support@1"));
        assertEquals(List.of("support"), registry.names());
    }

    @Test
    void aFileAloneIsRegisteredWithWhatItsKeysTell() throws IOException {
        Path parent = SomeAdapter.file(folder.resolve("a.gguf"), 3);
        registry.register("parent", parent, VersionDescription.of(parent));
        Path merged = SomeAdapter.merged(
                folder.resolve("m.gguf"), List.of("a", "b"), List.of(Sha256.of(parent), "77"), new float[] {0.5f, 0.25f
                });
        AdapterVersion version = registry.register("both", merged, VersionDescription.of(merged));
        Lineage lineage = version.description().lineage();
        assertEquals(
                List.of(
                        new Lineage.Parent("parent@1", Sha256.of(parent), Optional.of(0.5)),
                        new Lineage.Parent("b", "77", Optional.of(0.25))),
                lineage.parents());
        assertEquals(Map.of("merge_method", "svd"), lineage.settings());
        assertEquals("Tiny", lineage.base().name());
        assertEquals(Licences.NONE, version.description().licences());
        assertEquals(Map.of(), version.metrics());
    }

    @Test
    void referencesMeanWhatTheySay() {
        add("support", 1.1);
        add("support", 1.2);
        add("support", 1.3);
        assertEquals(3, registry.version("support").number(), "the newest where none is in production");
        registry.promote("support@1", List.of());
        registry.promote("support@2", List.of());
        registry.tag("support@1", List.of("stable"), List.of());
        assertEquals(2, registry.version("support").number());
        assertEquals(2, registry.version("support@production").number());
        assertEquals(1, registry.version("support@archived").number());
        assertEquals(3, registry.version("support@candidate").number());
        assertEquals(3, registry.version("support@latest").number());
        assertEquals(1, registry.version("support@stable").number());
        assertTrue(fault(() -> registry.version("support@7"))
                .contains("expected a version that is there: 1, 2, 3; found none"));
        assertTrue(
                fault(() -> registry.version("support@beta")).contains("tagged beta, found none among 3 of support"));
        assertTrue(fault(() -> registry.version("suport")).contains("found none of this name; it has support"));
        assertTrue(fault(() -> registry.version("support@")).contains("expected a version after '@'"));
    }

    @Test
    void aNameIsNoPathAndNoFile() {
        for (String name : List.of(
                "..",
                ".hidden",
                "a/b",
                "../a",
                "a\\b",
                "",
                "-x",
                "a b",
                "a@b",
                "a=1",
                "x.gguf",
                "nul",
                "com1.x",
                "a.",
                "a".repeat(65),
                "é")) {
            assertTrue(fault(() -> registry.requireCanRegister(name)).contains("expected a name of at most 64"), name);
        }
        registry.requireCanRegister("a".repeat(64));
        registry.requireCanRegister("v1.2_final-x");
        add("support", 1);
        assertTrue(fault(() -> registry.requireCanRegister("Support")).contains("more than case"));
    }

    @Test
    void aFileOfThatNameGoesFirst() throws IOException {
        add("support", 1);
        assertEquals(registry.version("support").file(), registry.locate("support"));
        Path file = Files.createFile(folder.resolve("x"));
        assertEquals(file, registry.locate(file.toString()));
        assertTrue(fault(() -> registry.locate("nothing"))
                .contains("found no file or folder of that name, and in the registry"));
        assertTrue(
                fault(() -> registry.locate("no/thing.gguf")).contains("a file or a folder, found none of that name"));
    }

    @Test
    void whatIsDamagedIsRefusedByNameAndTheOneBeforeIsNamed() throws IOException {
        add("support", 1.1);
        AdapterVersion second = add("support", 1.2);
        AdapterVersion third = add("support", 1.3);
        byte[] bytes = Files.readAllBytes(third.file());
        bytes[bytes.length - 1] ^= 1;
        Files.write(third.file(), bytes);
        String said = fault(() -> registry.resolve("support"));
        assertTrue(
                said.startsWith("support@3: damaged: adapter.gguf: expected SHA-256 " + third.sha256() + ", found "),
                said);
        assertTrue(said.endsWith("; the version before it, support@2, is whole"), said);
        Files.delete(second.folder().resolve("log.jsonl"));
        said = fault(() -> registry.resolve("support@2"));
        assertTrue(said.contains("log.jsonl: expected SHA-256") && said.contains("found no file"), said);
        assertTrue(fault(() -> registry.promote("support@3", List.of())).contains("support@1, is whole"));
        assertEquals(VersionState.CANDIDATE, registry.version("support@3").state());
        Files.writeString(second.folder().resolve("version.json"), "{");
        assertTrue(fault(() -> registry.version("support@2")).startsWith("support@2: damaged: "));
        Files.delete(second.folder().resolve("SHA256SUMS"));
        assertTrue(registry.damage("support", 2).orElseThrow().contains("SHA256SUMS"));
    }

    @Test
    void promotionsAskForGatesAndNameWhatFails() {
        add("support", 1.3);
        List<Gate> gates = List.of(Gate.parse("eval_loss<1.2"), Gate.parse("verify"), Gate.parse("steps>=10"));
        String said = fault(() -> registry.promote("support@1", gates));
        assertEquals(
                "support@1: gate eval_loss<1.2: expected eval_loss below 1.2, found 1.3; gate verify: expected the check"
                        + " verify to be passed, found it was not done; it stays candidate",
                said);
        registry.record("support@1", Check.now("verify", false, Map.of()));
        assertTrue(fault(() -> registry.promote("support@1", gates)).contains("found it failed on 2"));
        registry.record("support@1", Check.now("verify", true, Map.of("kl", 0.001)));
        registry.record("support@1", Check.now("eval", true, Map.of("eval_loss", 1.1)));
        AdapterVersion promoted = registry.promote("support@1", gates);
        assertEquals(VersionState.PRODUCTION, promoted.state());
        assertEquals(0.001, promoted.metrics().get("kl"));
        assertEquals(1.1, promoted.metrics().get("eval_loss"), "the newest measurement wins");
        assertEquals(
                List.of("eval_loss<1.2", "verify", "steps>=10"),
                registry.history("support").get(0).gates());
        assertEquals(2, promoted.standing().checks().size());
    }

    @Test
    void rollbackGoesBackThroughWhatWasInProduction() {
        for (int i = 1; i <= 4; i++) {
            add("support", i);
        }
        assertTrue(fault(() -> registry.rollback("support"))
                .contains("expected a version that was in production before, found none"));
        registry.promote("support@1", List.of());
        assertTrue(fault(() -> registry.rollback("support")).contains("before support@1, found none"));
        registry.promote("support@2", List.of());
        registry.promote("support@4", List.of());
        registry.promote("support@4", List.of()); // Is there already: nothing happens.
        assertEquals(2, registry.rollback("support").number());
        assertEquals(1, registry.rollback("support").number());
        registry.promote("support@4", List.of());
        assertEquals(1, registry.rollback("support").number());
        assertEquals(VersionState.ARCHIVED, registry.version("support@4").state());
        assertEquals(
                List.of(
                        "promote 1 0",
                        "promote 2 1",
                        "promote 4 2",
                        "rollback 2 4",
                        "rollback 1 2",
                        "promote 4 1",
                        "rollback 1 4"),
                registry.history("support").stream()
                        .map(change -> change.action() + " " + change.number() + " " + change.replaced())
                        .toList());
        registry.setAside("support@1", VersionState.ARCHIVED);
        assertEquals(1, registry.rollback("support").number(), "the last that was in production");
        assertTrue(fault(() -> registry.rollback("none")).contains("found none of this name"));
    }

    @Test
    void tagsComeAndGo() {
        add("support", 1);
        registry.tag("support@1", List.of("b", "a"), List.of());
        assertEquals(List.of("a", "b"), registry.version("support").standing().tags());
        registry.tag("support@1", List.of("c"), List.of("a", "none"));
        assertEquals(List.of("b", "c"), registry.version("support").standing().tags());
        for (String tag : List.of("7", "production", "Latest", "a b", "", "x@y")) {
            assertTrue(
                    fault(() -> registry.tag("support@1", List.of(tag), List.of()))
                            .startsWith("tag: expected"),
                    tag);
        }
    }

    @Test
    void whatNoRuleKeepsIsTakenAwayAndItsNumberIsNotGivenAgain() {
        for (double loss : new double[] {1.5, 1.1, 1.4, 1.2, 1.6, 1.7}) {
            add("support", loss);
        }
        registry.promote("support@1", List.of());
        registry.tag("support@3", List.of("stable"), List.of());
        Retention retention = new Retention(1, List.of(Retention.Best.parse("eval_loss:2")), true);
        List<Removal> told = registry.collect("support", retention, true);
        assertEquals(List.of("support@5"), told.stream().map(Removal::reference).toList());
        assertTrue(told.get(0).bytes() > 500);
        assertEquals(6, registry.numbers("support").size());
        assertEquals(told, registry.collect("support", retention, false));
        assertEquals(List.of(1, 2, 3, 4, 6), registry.numbers("support"));
        registry.collect("support", new Retention(0, List.of(), false), false);
        assertEquals(List.of(1), registry.numbers("support"), "what is in production stays");
        assertEquals(7, add("support", 2).number());
        assertTrue(fault(() -> registry.version("support@6")).contains("found that it was taken away"));
    }

    @Test
    void theSameIsRegisteredOnceWhereThatIsAskedFor() {
        Path run = SomeAdapter.run(folder.resolve("run"), 1, 1);
        assertEquals(
                1,
                registry.registerOnce("support", run, VersionDescription.of(run))
                        .number());
        assertEquals(
                1,
                registry.registerOnce("support", run, VersionDescription.of(run))
                        .number());
        assertEquals(
                2, registry.register("support", run, VersionDescription.of(run)).number());
        assertEquals(
                1,
                registry.registerOnce("other", run, VersionDescription.of(run)).number());
    }

    /** Readers need no lock and write nothing. */
    @Test
    void aRegistryThatCannotBeWrittenToIsRead() throws IOException {
        add("support", 1);
        Path of = registry.folder().resolve("support");
        Set<String> before;
        try (Stream<Path> files = Files.list(of)) {
            before = files.map(Path::toString).collect(Collectors.toSet());
        }
        registry.resolve("support");
        registry.versions("support");
        registry.history("support");
        try (Stream<Path> files = Files.list(of)) {
            assertEquals(before, files.map(Path::toString).collect(Collectors.toSet()));
        }
        assertFalse(Files.exists(of.resolve(".lock")));
    }

    @Test
    void whatANewerChakuWroteIsRefused() throws IOException {
        AdapterVersion version = add("support", 1);
        Path state = registry.folder().resolve("support/state.json");
        Files.writeString(state, "{\"format\": 2}");
        assertTrue(fault(() -> registry.version("support")).contains("state.json: format expects 1"));
        Files.writeString(
                state,
                "{\"format\": 1, \"versions\": {\"1\": {\"state\": \"production\"}, \"2\": {\"state\": \"production\"}}}");
        assertTrue(fault(() -> registry.version("support")).contains("at most one in production, found 2"));
        Files.delete(state);
        assertEquals(version, registry.resolve("support"), "without the file every version is a candidate");
    }

    @Test
    void aFolderWithoutAnAdapterIsRefusedBeforeAnythingIsMade() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertTrue(fault(() -> VersionDescription.of(empty)).contains("expected a GGUF adapter"));
        Path noAdapter = Files.writeString(folder.resolve("no.gguf"), "GGUF");
        assertTrue(fault(() -> VersionDescription.of(noAdapter)).contains("no.gguf"));
        assertFalse(Files.exists(registry.folder()));
        assertEquals(List.of(), registry.names());
    }
}
