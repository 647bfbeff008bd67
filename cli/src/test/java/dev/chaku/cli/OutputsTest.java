package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ModelSplitter;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.VersionDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every output of every verb holds the one rule. Options are found by reflection, so that a new one cannot be
 * forgotten.
 */
class OutputsTest {
    private static final String LINE =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
                    + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

    /** A command line for each output: X stands for the output, and capitals for inputs that {@link #inputs} makes. */
    private static final Map<String, String> LINES = Map.ofEntries(
            Map.entry("adapter export --out", "adapter export ADAPTER --format gguf --model BASE --out X"),
            Map.entry("adapter import --out", "adapter import PEFT --model BASE --out X"),
            Map.entry("adapter merge --keep-delta", "adapter merge LORA --into BASE --out NEW --keep-delta X"),
            Map.entry("adapter merge --out", "adapter merge LORA LORA2=-0.5 --method cat --out X"),
            Map.entry("adapter export-card --out", "adapter export-card small --registry STORE --out X"),
            Map.entry("data check --html", "data check DATA --html X"),
            Map.entry("data check --fix", "data check DATA --eval-data DATA2 --fix X"),
            Map.entry("data convert --out", "data convert DATA --to text --allow-loss --out X"),
            Map.entry("generate --logits", "generate --model BASE --prompt-file TEXT --max-tokens 0 --logits X"),
            Map.entry("model new OUT", "model new X --config CONFIG --tokenizer BASE"),
            Map.entry("model quantize OUT", "model quantize BASE X --type q8_0"),
            Map.entry("model join OUT", "model join PART X"),
            Map.entry("model convert OUT", "model convert FOLDER X"),
            Map.entry("model imatrix --out", "model imatrix --model BASE --data TEXT --out X"),
            Map.entry(
                    "train --report",
                    "train --model BASE --data DATA --eval-data DATA2=0.5 --out RUN --max-length 64 --max-steps 1 --report X"));

    @TempDir
    Path folder;

    private Map<String, Path> inputs;

    @BeforeEach
    void inputs() throws IOException {
        inputs = new LinkedHashMap<>();
        inputs.put("DATA2", Files.writeString(folder.resolve("test.jsonl"), LINE.replace("cow", "horse")));
        inputs.put("DATA", Files.writeString(folder.resolve("data.jsonl"), LINE.repeat(2)));
        inputs.put("TEXT", Files.writeString(folder.resolve("text.txt"), "The cow lives on Mars. ".repeat(40)));
        inputs.put("BASE", Cli.base(folder));
        inputs.put("ADAPTER", SmallAdapter.write(Cli.base(folder), folder.resolve("adapter.gguf")));
        inputs.put("PEFT", SmallAdapter.peft(Cli.base(folder), folder.resolve("peft")));
        inputs.put("LORA", RandomAdapter.write(Cli.base(folder), folder.resolve("a.gguf"), 2, 1));
        inputs.put("LORA2", RandomAdapter.write(Cli.base(folder), folder.resolve("b.gguf"), 3, 2));
        inputs.put(
                "PART",
                ModelSplitter.of(Cli.base(folder))
                        .maxTensors(20)
                        .write(folder.resolve("p"), p -> {})
                        .get(1)
                        .path());
        inputs.put(
                "CONFIG",
                Files.writeString(
                        folder.resolve("config.json"),
                        "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 32, \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                                + " \"num_attention_heads\": 2, \"max_position_embeddings\": 64, \"rms_norm_eps\": 1e-5, \"vocab_size\": 7}"));
        Path hugging = Files.createDirectory(folder.resolve("hf"));
        Path tiny = Path.of(
                "..", "java-api", "src", "test", "resources", "dev", "chaku", "internal", "convert", "tiny-llama");
        try (Stream<Path> files = Files.list(tiny)) {
            for (Path file : files.toList()) {
                Files.copy(file, hugging.resolve(file.getFileName().toString()));
            }
        }
        inputs.put("FOLDER", hugging);
        Path adapter = inputs.get("ADAPTER");
        AdapterRegistry.open(folder.resolve("store")).register("small", adapter, VersionDescription.of(adapter));
    }

    @Test
    void everyPathIsMarkedAsReadOrWritten() {
        List<String> forgotten = new ArrayList<>();
        Verbs.all().forEach((verb, spec) -> {
            for (ArgSpec arg : Outputs.args(spec)) {
                boolean marked = Outputs.field(arg).isAnnotationPresent(Reads.class)
                        || Outputs.field(arg).isAnnotationPresent(Writes.class);
                boolean named = arg.paramLabel().matches(".*\\b(FILE|DIR|FOLDER|OUT|IN|PATH|FROM)\\b.*");
                if ((holdsPaths(arg) || named) && !marked) {
                    forgotten.add(name(verb, arg));
                }
            }
        });
        assertEquals(List.of(), forgotten, "options that name files carry @Reads or @Writes");
    }

    private static boolean holdsPaths(ArgSpec arg) {
        boolean elements = Collection.class.isAssignableFrom(arg.type());
        return arg.type() == Path.class
                || elements && Arrays.asList(arg.auxiliaryTypes()).contains(Path.class);
    }

    private static String name(String verb, ArgSpec arg) {
        return verb + " " + (arg.isOption() ? ((OptionSpec) arg).longestName() : arg.paramLabel());
    }

    @Test
    void overwriteIsTheOneNameAndStandsWhereAFileIsWritten() {
        Verbs.all().forEach((verb, spec) -> {
            // That of adapters goes on in spite of another base; it replaces nothing.
            assertTrue(verb.startsWith("adapter ") || spec.findOption("--force") == null, verb);
            if (outputs(verb, spec, Writes.Kind.FILE).findAny().isPresent()) {
                assertNotNull(spec.findOption("--overwrite"), verb + " writes a file and has no --overwrite");
            }
        });
    }

    @Test
    void everyFileThatIsWrittenHasALineHere() {
        TreeSet<String> found = new TreeSet<>();
        Verbs.all()
                .forEach((verb, spec) -> outputs(verb, spec, Writes.Kind.FILE).forEach(found::add));
        assertEquals(new TreeSet<>(LINES.keySet()), found);
    }

    private static Stream<String> outputs(String verb, CommandSpec spec, Writes.Kind kind) {
        return Outputs.args(spec).stream()
                .filter(arg -> Outputs.field(arg).isAnnotationPresent(Writes.class))
                .filter(arg -> Outputs.field(arg).getAnnotation(Writes.class).value() == kind)
                .map(arg -> name(verb, arg));
    }

    private Cli.Ran run(String line, Path output, Object... more) {
        List<Object> args = new ArrayList<>();
        for (String word : line.split(" ")) {
            String name = word.replaceFirst("=.*", "");
            Object value = word.equals("X")
                    ? output
                    : word.matches("RUN|STORE|NEW") ? folder.resolve(word.toLowerCase(Locale.ROOT)) : inputs.get(name);
            args.add(
                    value == null
                            ? word
                            : value
                                    + word.substring(
                                            name.equals(word) || inputs.get(name) == null
                                                    ? word.length()
                                                    : name.length()));
        }
        args.addAll(List.of(more));
        return Cli.run(args.toArray());
    }

    private void assertRefused(String line, Path output, String why, Object... more) throws IOException {
        byte[] before = Files.isRegularFile(output) ? Files.readAllBytes(output) : new byte[0];
        Cli.Ran ran = run(line, output, more);
        assertEquals(3, ran.code(), line + ": " + output + ": " + ran.err());
        assertTrue(ran.err().contains(why), ran.err());
        assertEquals(1, ran.err().strip().lines().count(), ran.err());
        assertEquals("", ran.out());
        assertFalse(Files.exists(folder.resolve("run")), "the work began");
        assertArrayEquals(before, Files.isRegularFile(output) ? Files.readAllBytes(output) : new byte[0]);
    }

    @TestFactory
    Stream<DynamicTest> noOutputReplacesAnInput() {
        return LINES.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                    inputsAgain();
                    for (String name : inputs.keySet()) {
                        if (!Arrays.asList(entry.getValue().split("[ =]")).contains(name)) {
                            continue;
                        }
                        Path input = inputs.get(name);
                        if (Files.isDirectory(input)) {
                            input = input.resolve(name.equals("PEFT") ? "adapter_config.json" : "config.json");
                        }
                        Path soft = Files.createSymbolicLink(folder.resolve("soft-" + name), input);
                        Path hard = Files.createLink(folder.resolve("hard-" + name), input);
                        Path round = input.getParent()
                                .resolve("hf/..")
                                .resolve(input.getParent().relativize(input));
                        for (Path output :
                                List.of(input, soft, hard, Files.isDirectory(inputs.get(name)) ? input : round)) {
                            assertRefused(
                                    entry.getValue(), output, "expected another file than the input", "--overwrite");
                            assertRefused(entry.getValue(), output, "expected another file than the input");
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> noOutputReplacesAFileUnaskedOrAFolder() {
        return LINES.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                    inputsAgain();
                    Path mine = Files.writeString(folder.resolve("mine.txt"), "mine");
                    assertRefused(entry.getValue(), mine, "found one that exists already; --overwrite replaces it");
                    assertRefused(entry.getValue(), folder, "found a folder", "--overwrite");
                    assertRefused(
                            entry.getValue(),
                            folder.resolve("none/x"),
                            "expected a folder to write the file to, found none");
                    assertRefused(
                            entry.getValue(), mine.resolve("x"), "expected a folder to write the file to, found that");
                    Cli.Ran asked = run(entry.getValue(), mine, "--overwrite");
                    assertEquals(0, asked.code(), asked.err());
                    assertTrue(Files.size(mine) > 4, "replaced when asked");
                    try (Stream<Path> files = Files.list(folder)) {
                        assertEquals(
                                List.of(),
                                files.filter(file -> file.toString().endsWith(".tmp"))
                                        .toList());
                    }
                }));
    }

    /** Dynamic tests share one folder. */
    private void inputsAgain() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                if (!file.equals(folder)) {
                    Files.delete(file);
                }
            }
        }
        inputs();
    }

    @Test
    void twoOutputsAreTwoFiles() throws IOException {
        Path page = folder.resolve("page");
        assertRefused("data check DATA --fix " + page + " --html X", page, "found the same twice");
    }

    @Test
    void aReportInsideTheRunsOwnNewFolderIsWritten() {
        Path report = folder.resolve("run/report.html");
        Cli.Ran ran = run("train --model BASE --data DATA --out RUN --max-length 64 --max-steps 1 --report X", report);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(Files.isRegularFile(report));
    }

    @Test
    void aReportIsNoneOfTheRunsOwnFiles() throws IOException {
        String line = "train --model BASE --data DATA --out RUN --report X";
        assertRefused(
                line, folder.resolve("run/adapter.gguf"), "a name that the run does not use itself", "--overwrite");
        assertRefused(line, folder.resolve("run/deeper/r.html"), "expected a folder to write the file to");
    }

    @Test
    void theFilesOfASplitHoldTheRule() throws IOException {
        Path parts = Files.createDirectory(folder.resolve("parts"));
        Path input = Files.writeString(parts.resolve("train.jsonl"), LINE + LINE.replace("cow", "cat"));
        for (Object[] more : new Object[][] {{}, {"--overwrite"}}) {
            assertRefused(
                    "data split " + input + " --test 1 --out X", parts, "expected another file than the input", more);
        }
        Path mine = Files.writeString(parts.resolve("test.jsonl"), "mine");
        assertRefused("data split DATA --test 1 --out X", parts, "--overwrite replaces it");
        assertEquals("mine", Files.readString(mine));
        assertRefused("data split DATA --test 1 --out X", mine, "expected a folder for the output, found a file");
    }

    @Test
    void thePartsOfAModelHoldTheRule() throws IOException {
        String line = "model split PART --max-tensors 20 --out X";
        Path second = folder.resolve("p-00002-of-00002.gguf");
        byte[] before = Files.readAllBytes(second);
        assertRefused(line, folder.resolve("p"), "expected another file than the input", "--overwrite");
        assertArrayEquals(before, Files.readAllBytes(second));
        Path mine = Files.writeString(folder.resolve("x-00002-of-00002.gguf"), "mine");
        assertRefused(line, folder.resolve("x"), "--overwrite replaces it");
        assertEquals("mine", Files.readString(mine));
        assertFalse(Files.exists(folder.resolve("x-00001-of-00002.gguf")));
        assertRefused(line, folder.resolve("none/x"), "expected a folder to write the file to, found none");
        assertEquals(0, run(line, folder.resolve("x"), "--overwrite").code());
    }

    @Test
    void resultsAreAddedToNoInputAndNoOtherFile() throws IOException {
        String line = "bench --model BASE --prompt-tokens 4 --gen-tokens 1 --train-tokens 0 --append X";
        assertRefused(line, inputs.get("BASE"), "expected another file than the input");
        assertRefused(line, inputs.get("TEXT"), "expected a file of results as JSON lines");
        assertRefused(line, folder, "found a folder");
    }
}
