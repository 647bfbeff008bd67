package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every verb, as a user types it. */
class CommandsTest {
    private static final String LINE =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
                    + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

    @TempDir
    Path folder;

    private Path data(String text) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), text);
    }

    @Test
    void trainsAnAdapterAndWearsIt() throws IOException {
        Path base = Cli.base(folder);
        Path out = folder.resolve("run");
        Path eval = Files.writeString(folder.resolve("eval.jsonl"), LINE.replace("live", "sleep"));
        Cli.Ran trained = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                data(LINE.repeat(8)),
                "--eval-data",
                eval,
                "--out",
                out,
                "--epochs",
                30,
                "--max-length",
                64,
                "--learning-rate",
                "5e-3",
                "--rank",
                4,
                "--json");
        assertEquals(0, trained.code(), trained.err());
        JsonNode result = trained.json();
        assertEquals(
                out.resolve("adapter.gguf").toString(), result.get("adapter").asText());
        for (String field :
                new String[] {"steps", "tokens", "train_loss", "eval_loss", "train_tokens_per_s", "peak_bytes"}) {
            assertTrue(result.get(field).isNumber(), field + " in " + result);
        }
        assertTrue(result.get("train_loss").asDouble() < 1, result.toString());
        for (String file : new String[] {"adapter.gguf", "config.json", "log.jsonl", "loss.svg"}) {
            assertTrue(Files.isRegularFile(out.resolve(file)), file);
        }
        Cli.Ran before = ask(base);
        Cli.Ran after = ask(base, "--adapter", out);
        Cli.Ran off = ask(base, "--adapter", out + "=0");
        assertEquals("On Mars.", after.json().get("text").asText());
        assertEquals(before.json().get("text"), off.json().get("text"));
        assertEquals("stop", after.json().get("finish_reason").asText());
        assertTrue(after.json().get("prefill_tokens_per_s").isNumber()
                && after.json().get("decode_tokens_per_s").isNumber());
    }

    @Test
    void keepsKeysAndValuesNarrow() throws IOException {
        Path base = Cli.base(folder);
        ask(base, "--kv-cache", "f16");
        Cli.Ran unknown = Cli.run("generate", "--model", base, "--prompt", "x", "--kv-cache", "q4_0");
        assertEquals(2, unknown.code());
        assertTrue(unknown.err().contains("unknown cache format q4_0; known are f32, f16, bf16, q8_0"), unknown.err());
    }

    @Test
    void readsActivationsNarrow() throws IOException {
        Path base = Cli.base(folder);
        ask(base, "--activations", "int16");
        ask(base, "--activations", "INT8");
    }

    private static Cli.Ran ask(Path base, Object... more) {
        Object[] line = {
            "generate", "--model", base, "--chat", "--prompt", "Where does the cow live?", "--temperature", 0, "--json"
        };
        Object[] all = Arrays.copyOf(line, line.length + more.length);
        System.arraycopy(more, 0, all, line.length, more.length);
        Cli.Ran ran = Cli.run(all);
        assertEquals(0, ran.code(), ran.err());
        return ran;
    }

    @Test
    void plansWithoutTraining() throws IOException {
        Path out = folder.resolve("run");
        Cli.Ran ran = Cli.run(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                data(LINE),
                "--out",
                out,
                "--max-length",
                64,
                "--epochs",
                3,
                "--plan",
                "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(3, ran.json().get("steps").asInt());
        assertFalse(Files.exists(out));
    }

    @Test
    void settingsFromAFileYieldToTheCommandLine() throws IOException {
        Path config = Files.writeString(
                folder.resolve("c.yaml"), "epochs: 5\nmax_length: 64\nno-packing: true\ntargets: [q, v]\n");
        Object[] line = {
            "train",
            "--config",
            config,
            "--model",
            Cli.base(folder),
            "--data",
            data(LINE),
            "--out",
            folder.resolve("x"),
            "--plan",
            "--json"
        };
        assertEquals(5, Cli.run(line).json().get("steps").asInt());
        Object[] more = Arrays.copyOf(line, line.length + 2);
        more[line.length] = "--epochs";
        more[line.length + 1] = 2;
        assertEquals(2, Cli.run(more).json().get("steps").asInt());
        more[line.length] = "--targets";
        more[line.length + 1] = "q";
        int both = Cli.run(line).json().get("trained_parameters").asInt();
        int one = Cli.run(more).json().get("trained_parameters").asInt();
        assertTrue(one < both, one + " of " + both + ": a list on the command line takes the place of the file's");
    }

    @Test
    void tokensAndTextGiveTheSameLogits() throws IOException {
        Path base = Cli.base(folder);
        JsonNode tokens = Cli.run("tokenize", "--model", base, "--text", "The cow", "--json")
                .json();
        StringBuilder ids = new StringBuilder();
        tokens.get("ids").forEach(id -> ids.append(ids.isEmpty() ? "" : ",").append(id));
        assertEquals(tokens.get("ids").size(), tokens.get("pieces").size());
        Path a = folder.resolve("a.f32");
        Path b = folder.resolve("b.f32");
        assertEquals(
                0,
                Cli.run("generate", "--model", base, "--prompt", "The cow", "--max-tokens", 0, "--logits", a)
                        .code());
        assertEquals(
                0,
                Cli.run("generate", "--model", base, "--tokens", ids, "--max-tokens", 0, "--logits", b)
                        .code());
        assertArrayEquals(Files.readAllBytes(a), Files.readAllBytes(b));
        assertEquals(tokens.get("ids").size() * 1280L * Float.BYTES, Files.size(a));
    }

    @Test
    void theSeedDecidesTheText() throws IOException {
        Path base = Cli.base(folder);
        Object[] line = {
            "generate",
            "--model",
            base,
            "--prompt",
            "The",
            "--max-tokens",
            20,
            "--temperature",
            2,
            "--seed",
            5,
            "--json"
        };
        assertEquals(Cli.run(line).json().get("tokens"), Cli.run(line).json().get("tokens"));
    }

    @Test
    void inspectsAModelAndAnAdapterFile() throws IOException {
        JsonNode result =
                Cli.run("model", "inspect", Cli.base(folder), "--json").json();
        assertEquals("llama", result.get("architecture").asText());
        assertTrue(result.get("parameters").asLong() > 900_000);
        assertEquals(38, result.get("tensors").size());
        assertEquals(128, result.get("metadata").get("llama.embedding_length").asInt());
        assertTrue(
                Cli.run("model", "inspect", Cli.base(folder), "--tensors").out().contains("blk.3.ffn_down.weight"));
    }

    @Test
    void benchAndDoctorReportTheMachine() throws IOException {
        Cli.Ran ran = Cli.run(
                "bench",
                "--model",
                Cli.base(folder),
                "--prompt-tokens",
                16,
                "--gen-tokens",
                4,
                "--train-tokens",
                16,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        for (String field :
                new String[] {"prefill_tokens_per_s", "decode_tokens_per_s", "train_tokens_per_s", "peak_bytes"}) {
            assertTrue(ran.json().get(field).asDouble() > 0, field);
        }
        assertTrue(ran.json().get("machine").get("cores").asInt() > 0);
        Path results = folder.resolve("results/bench.jsonl");
        for (int lines = 1; lines <= 2; lines++) {
            Object[] line = {
                "bench",
                "--model",
                Cli.base(folder),
                "--prompt-tokens",
                8,
                "--gen-tokens",
                2,
                "--train-tokens",
                0,
                "--append",
                results,
                "--commit",
                "abc"
            };
            Cli.Ran appended = Cli.run(line);
            assertEquals(0, appended.code(), appended.err());
            assertTrue(appended.out().contains("prefill"), appended.out());
            assertEquals(lines, Files.readAllLines(results).size());
        }
        assertTrue(Files.readString(results).contains("\"commit\":\"abc\""));
        JsonNode doctor = Cli.run("doctor", "--json").json();
        assertTrue(doctor.get("cpu_path").isTextual() && doctor.get("reason").isTextual());
        assertTrue(doctor.get("gpus").isArray());
        assertEquals(
                doctor.get("gpus").isEmpty(),
                !doctor.get("gpu_absence").asText().isEmpty());
    }

    /** Absent, a graphics card that was preferred is named with the reason, and one that is required ends the verb. */
    @Test
    void preferredGraphicsCardIsReplacedInWords() throws IOException {
        Object[] line = {"generate", "--model", Cli.base(folder), "--tokens", "1,2", "--max-tokens", 1, "--json"};
        Object[] preferred = Stream.concat(Stream.of(line), Stream.of("--device", "prefer-cuda:99"))
                .toArray();
        Cli.Ran ran = Cli.run(preferred);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("note: computing on the processor: "), ran.err());
        assertTrue(ran.json().isObject());
        Cli.Ran doctor = Cli.run("doctor", "--device", "prefer-cuda:99");
        assertTrue(doctor.out().contains("in place of the graphics card: "), doctor.out());
    }

    @Test
    void checksData() throws IOException {
        Path good = data(LINE);
        Cli.Ran ran = Cli.run("data", "check", good, "--model", Cli.base(folder), "--json");
        assertTrue(ran.json().isObject(), ran.out());
        Path page = folder.resolve("r.html");
        Cli.run("data", "check", good, "--html", page);
        assertTrue(Files.readString(page).contains("<html")
                || Files.readString(page).contains("<!doctype html>"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "train",
                "generate",
                "tokenize",
                "model",
                "model inspect",
                "data",
                "data check",
                "data stats",
                "data preview",
                "data split",
                "data convert",
                "bench",
                "doctor"
            })
    void everyHelpHasAnExample(String verb) {
        Object[] line = (verb + " --help").strip().split(" ");
        Cli.Ran ran = Cli.run(line);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().contains("Example") && ran.out().contains("  chaku "), ran.out());
    }

    /** What goes wrong: exit code, and what the one line on standard error says. */
    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(2, "did you mean", "trian"),
                Arguments.of(2, "--model", "generate --prompt x"),
                Arguments.of(2, "--prompt", "generate --model BASE"),
                Arguments.of(2, "--epochs", "train --model BASE --data DATA --out OUT --epochs many"),
                Arguments.of(
                        2, "found both", "train --model BASE --data DATA --out OUT --eval-data DATA --eval-split 0.1"),
                Arguments.of(2, "model needs a verb", "model"),
                Arguments.of(3, "expected a GGUF file, found no such file", "generate --model none.gguf --prompt x"),
                Arguments.of(3, "expected a GGUF file, found a folder", "generate --model DIR --prompt x"),
                Arguments.of(3, "DATA", "generate --model DATA --prompt x"),
                Arguments.of(3, "found no such file", "train --model BASE --data none.jsonl --out OUT"),
                Arguments.of(3, "bad.jsonl:2: no JSON", "train --model BASE --data BAD --out OUT"),
                Arguments.of(3, "holds files already", "train --model BASE --data DATA --out DIR"),
                Arguments.of(
                        2, "--rank: expected 1 to 1024, found 0", "train --model BASE --data DATA --out OUT --rank 0"),
                Arguments.of(
                        2,
                        "--learning-rate: expected more than 0",
                        "train --model BASE --data DATA --out OUT --learning-rate NaN"),
                Arguments.of(
                        2,
                        "--targets: expected all, attention",
                        "train --model BASE --data DATA --out OUT --targets z"),
                Arguments.of(3, "context of 512", "train --model BASE --data DATA --out OUT --max-length 4096"),
                Arguments.of(
                        3, "expected a folder with adapter.gguf", "generate --model BASE --adapter DIR --prompt x"),
                Arguments.of(3, "no LoRA adapter", "generate --model BASE --adapter BASE --prompt x"),
                Arguments.of(
                        2,
                        "--adapter: expected a number after '='",
                        "generate --model BASE --adapter BASE=x --prompt x"),
                Arguments.of(3, "9999", "generate --model BASE --tokens 9999 --max-tokens 1"),
                Arguments.of(3, "context length", "generate --model BASE --tokens LONG --max-tokens 1"),
                Arguments.of(2, "--top-p: expected more than 0", "generate --model BASE --prompt x --top-p 7"),
                Arguments.of(2, "--threads: expected 0 to 1024", "generate --model BASE --prompt x --threads 99999"),
                Arguments.of(2, "--device: unknown device warp", "doctor --device warp"),
                Arguments.of(5, "CUDA", "doctor --device cuda:99"),
                Arguments.of(5, "CUDA", "generate --model BASE --prompt x --device cuda:99"),
                Arguments.of(2, "--shape: unknown shape gpt-9", "bench --shape gpt-9"),
                Arguments.of(3, "expected UTF-8 text", "generate --model BASE --prompt-file BASE"),
                Arguments.of(
                        3,
                        "expected a folder to write the file to",
                        "train --model BASE --data DATA --out OUT --report DIR/none/r.html"),
                Arguments.of(
                        2, "--adapter: expected a finite scale", "generate --model BASE --adapter BASE=NaN --prompt x"),
                Arguments.of(3, "none.txt", "generate --model BASE --prompt-file none.txt"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeIsOneClearLine(int code, String expected, String line) throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.jsonl"), LINE + "nonsense\n");
        Path data = data(LINE);
        String text = line.replace("BASE", Cli.base(folder).toString())
                .replace("DATA", data.toString())
                .replace("BAD", bad.toString())
                .replace("OUT", folder.resolve("out").toString())
                .replace("DIR", folder.toString())
                .replace("LONG", "1,".repeat(600) + "1");
        Cli.Ran ran = Cli.run((Object[]) text.split(" "));
        assertEquals(code, ran.code(), ran.err());
        String error = ran.err().strip();
        assertTrue(error.contains(expected.replace("DATA", data.toString())), error);
        assertEquals(1, error.lines().count(), error);
        assertTrue(error.startsWith("chaku: "), error);
        assertEquals("", ran.out());
    }

    @Test
    void badLinesAreLeftOutAndCountedIfToldTo() throws IOException {
        Path file = data(LINE + "nonsense\n" + LINE);
        Cli.Ran ran = Cli.run(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                file,
                "--out",
                folder.resolve("o"),
                "--max-length",
                64,
                "--max-steps",
                1,
                "--skip-bad-lines",
                "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(1, ran.json().get("skipped_lines").asInt());
        assertTrue(ran.err().contains("data.jsonl:2: no JSON"), ran.err());
    }

    @Test
    void aCutModelFileIsAnErrorAtEveryLength() throws IOException {
        byte[] whole = Files.readAllBytes(Cli.base(folder));
        Path cut = folder.resolve("cut.gguf");
        for (int length : new int[] {0, 3, 4, 20, 1000, 30_000, whole.length / 2, whole.length - 1}) {
            Files.write(cut, Arrays.copyOf(whole, length));
            Cli.Ran ran = Cli.run("generate", "--model", cut, "--prompt", "x");
            assertEquals(3, ran.code(), length + ": " + ran.err());
            assertTrue(ran.err().contains("cut.gguf"), ran.err());
        }
    }

    @Test
    void anAdapterOfAnotherBaseIsRefused() throws IOException {
        Path base = Cli.base(folder);
        Path out = folder.resolve("run");
        Cli.run("train", "--model", base, "--data", data(LINE), "--out", out, "--max-length", 64, "--max-steps", 1);
        Path other = OtherBase.write(base, folder.resolve("other.gguf"));
        Cli.Ran ran = Cli.run("generate", "--model", other, "--adapter", out, "--prompt", "x");
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().contains("adapter for another base"), ran.err());
    }

    @Test
    void anAdapterOfAnotherFileIsSaidOrRefused() throws IOException {
        Path base = Cli.base(folder);
        Path out = folder.resolve("run");
        assertEquals(
                0,
                Cli.run(
                                "train",
                                "--model",
                                base,
                                "--data",
                                data(LINE),
                                "--out",
                                out,
                                "--max-length",
                                64,
                                "--max-steps",
                                1)
                        .code());
        Path copy = Files.copy(base, folder.resolve("copy.gguf"));
        assertFalse(
                ask(copy, "--adapter", out, "--strict").err().contains("another model file"),
                "the same bytes under another name");
        Path other = folder.resolve("q4.gguf");
        assertEquals(
                0,
                Cli.run("model", "quantize", base, other, "--type", "q4_0", "--allow-requantize")
                        .code());
        Cli.Ran warned = ask(other, "--adapter", out);
        assertTrue(warned.err().contains("trained on another model file (base.gguf) than " + other), warned.err());
        Cli.Ran refused = Cli.run("generate", "--model", other, "--adapter", out, "--prompt", "x", "--strict");
        assertEquals(3, refused.code(), refused.err());
        assertTrue(refused.err().contains("expected the same with --strict"), refused.err());
    }
}
