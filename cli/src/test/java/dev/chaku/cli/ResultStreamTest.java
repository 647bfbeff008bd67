package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.errors.ResourceException;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.VersionDescription;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Standard output that cannot be written, for every verb of the real {@code ./chaku}. */
class ResultStreamTest {
    private static final Path FULL = Path.of("/dev/full");
    private static final Path RANKER = Path.of(
                    "..",
                    "java-api",
                    "src",
                    "test",
                    "resources",
                    "dev",
                    "chaku",
                    "goldens",
                    "encoders",
                    "bert-rank.gguf")
            .toAbsolutePath()
            .normalize();

    /** A line for each verb that ends well and prints something. */
    private static final Map<String, String> LINES = Map.ofEntries(
            Map.entry("adapter diff", "adapter diff small@1 small@2 --registry STORE"),
            Map.entry("adapter export", "adapter export ADAPTER --format gguf --model BASE --out OUT"),
            Map.entry("adapter export-card", "adapter export-card small --registry STORE"),
            Map.entry("adapter gc", "adapter gc --keep 1 --registry STORE"),
            Map.entry("adapter import", "adapter import PEFT --model BASE --out OUT"),
            Map.entry("adapter inspect", "adapter inspect ADAPTER"),
            Map.entry("adapter list", "adapter list --registry STORE"),
            Map.entry("adapter merge", "adapter merge ADAPTER small@1 --registry STORE --method cat --out OUT"),
            Map.entry("adapter promote", "adapter promote small@1 --registry STORE"),
            Map.entry("adapter register", "adapter register small ADAPTER --registry STORE"),
            Map.entry("adapter rollback", "adapter rollback small --registry STORE"),
            Map.entry("adapter show", "adapter show small@1 --registry STORE"),
            Map.entry("adapter tag", "adapter tag small@1 good --registry STORE"),
            Map.entry("adapter verify", "adapter verify --model BASE --adapter ADAPTER --data DATA --positions 16"),
            Map.entry("bench", "bench --model BASE --prompt-tokens 4 --gen-tokens 1 --train-tokens 0"),
            Map.entry("chat", "chat --model BASE --prompt The --max-tokens 2"),
            Map.entry("data check", "data check DATA"),
            Map.entry("data convert", "data convert DATA --to text --allow-loss --out OUT"),
            Map.entry("data preview", "data preview DATA --model BASE"),
            Map.entry("data split", "data split DATA --test 1 --out OUT"),
            Map.entry("data stats", "data stats DATA"),
            Map.entry("demo", "demo --rebuild-base OUT --rebuild-epochs 1"),
            Map.entry("doctor", "doctor"),
            Map.entry("eval", "eval --model BASE --data DATA --max-tokens 2"),
            Map.entry("embed", "embed --model BASE --text Hello"),
            Map.entry("generate", "generate --model BASE --prompt The --max-tokens 2"),
            Map.entry("model convert", "model convert HF OUT"),
            Map.entry("model imatrix", "model imatrix --model BASE --data TEXT --out OUT"),
            Map.entry("model inspect", "model inspect BASE"),
            Map.entry("model join", "model join PART OUT"),
            Map.entry("model split", "model split BASE --max-tensors 20 --out OUT"),
            Map.entry("model new", "model new OUT --config CONFIG"),
            Map.entry("model quantize", "model quantize BASE OUT --type q8_0"),
            Map.entry("rerank", "rerank --model RANKER --query cow --file TEXTS"),
            Map.entry("setup", "help setup"),
            Map.entry("version", "version"),
            Map.entry("tokenize", "tokenize --model BASE --text Hello"),
            Map.entry("train", "train --model BASE --data DATA --out OUT --max-length 64 --max-steps 1"));

    @TempDir
    Path folder;

    @Test
    void aFailureIsThrownPastThePrintStreamAndOnce() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        PrintStream out = new PrintStream(new ResultStream(full), true, StandardCharsets.UTF_8);
        ResourceException e = assertThrows(ResourceException.class, () -> out.println("x"));
        assertTrue(e.getMessage().startsWith("standard output: cannot be written: the disk is full"), e.getMessage());
        out.println("y");
        out.flush();
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertThrows(ReaderGone.class, () -> new PrintStream(new ResultStream(gone), true, StandardCharsets.UTF_8)
                .print("x"));
    }

    private Object[] line(String text) throws IOException {
        Path data = folder.resolve("data.jsonl");
        if (!Files.exists(data)) {
            StringBuilder lines = new StringBuilder();
            for (String animal : new String[] {"cow", "horse", "cat"}) {
                lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the ")
                        .append(animal)
                        .append(" live?\"}, {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n");
            }
            Files.writeString(data, lines);
            Files.writeString(folder.resolve("texts.jsonl"), "\"The cow.\"\n\"Mars.\"\n");
            Files.writeString(folder.resolve("text.txt"), "The cow lives on Mars. ".repeat(40));
            Files.writeString(
                    folder.resolve("config.json"),
                    "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 32, \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                            + " \"num_attention_heads\": 2, \"max_position_embeddings\": 64, \"rms_norm_eps\": 1e-5, \"vocab_size\": 7}");
        }
        Path out = Files.createTempDirectory(folder, "out").resolve("result");
        Path hf = Path.of(
                        "..",
                        "java-api",
                        "src",
                        "test",
                        "resources",
                        "dev",
                        "chaku",
                        "internal",
                        "convert",
                        "tiny-llama")
                .toAbsolutePath()
                .normalize();
        return Stream.of(text.split(" "))
                .map(word -> switch (word) {
                    case "BASE" -> base();
                    case "RANKER" -> RANKER;
                    case "TEXTS" -> folder.resolve("texts.jsonl");
                    case "DATA" -> data;
                    case "TEXT" -> folder.resolve("text.txt");
                    case "CONFIG" -> folder.resolve("config.json");
                    case "HF" -> hf;
                    case "OUT" -> out;
                    case "PART" -> part();
                    case "ADAPTER" -> adapter();
                    case "PEFT" -> SmallAdapter.peft(base(), folder.resolve("peft"));
                    case "STORE" -> store(out.resolveSibling("store"));
                    default -> word;
                })
                .toArray();
    }

    private Path part() {
        Path first = folder.resolve("part-00001-of-00002.gguf");
        if (!Files.exists(first)) {
            Cli.run("model", "split", base(), "--max-tensors", 20, "--out", folder.resolve("part"));
        }
        return first;
    }

    private Path adapter() {
        return SmallAdapter.write(base(), folder.resolve("adapter.gguf"));
    }

    /** A registry of two versions that were in production, one after the other. */
    private Path store(Path store) {
        AdapterRegistry registry = AdapterRegistry.open(store);
        for (int i = 1; i <= 2; i++) {
            registry.register("small", adapter(), VersionDescription.of(adapter()));
            registry.promote("small@" + i, List.of());
        }
        return store;
    }

    private Path base() {
        try {
            return Cli.base(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertFull(String text) throws IOException, InterruptedException {
        RealChaku.Ran ran = RealChaku.runTo(FULL, folder, line(text));
        assertEquals(4, ran.code(), text + ": " + ran.err());
        assertEquals(
                1,
                ran.err()
                        .lines()
                        .filter(l -> l.startsWith("chaku: standard output: cannot be written: the disk is full"))
                        .count(),
                ran.err());
        assertTrue(!ran.err().contains("\tat "), ran.err());
    }

    @Test
    void everyVerbHasALineHere() {
        assertEquals(new TreeSet<>(Verbs.all().keySet()), new TreeSet<>(LINES.keySet()));
    }

    @TestFactory
    Stream<DynamicTest> aFullDiskIsTold() {
        assumeTrue(Files.exists(FULL), "this system has no /dev/full");
        Stream<String> of = Stream.concat(
                LINES.values().stream(), Stream.of("--version", "--help", "help", "train --help", "doctor --json"));
        return of.map(text -> DynamicTest.dynamicTest(text, () -> assertFull(text)));
    }

    @Test
    void aReaderThatGoesAwayEndsTheWork() throws IOException, InterruptedException {
        // Far more than a pipe holds, so that the writer must notice, however late the reader goes.
        Object[] words = line("tokenize --model BASE --text LONG");
        words[words.length - 1] = "The cow lives on Mars. ".repeat(5000);
        Process process = RealChaku.builder(folder, Map.of(), words).start();
        try (InputStream out = process.getInputStream()) {
            assertEquals(5, out.readNBytes(5).length);
        }
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), "the work goes on for nobody");
        assertEquals(141, process.exitValue());
        assertEquals("", new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void standardErrorThatIsFullChangesNothing() throws IOException, InterruptedException {
        assumeTrue(Files.exists(FULL), "this system has no /dev/full");
        Process process = RealChaku.builder(
                        folder, Map.of(), line("generate --model BASE --prompt The --max-tokens 2 --json"))
                .redirectError(FULL.toFile())
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertTrue(out.startsWith("{"), out);
    }
}
