package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs of {@code chaku train}: begun, broken off, gone on with, two at once. */
class TrainCommandTest {
    private static final String LINE = "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does cow %d live?\"},"
            + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

    @TempDir
    Path folder;

    private Path base;
    private Path data;
    private Path out;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append(LINE.formatted(i));
        }
        data = Files.writeString(folder.resolve("my data.jsonl"), lines);
        out = folder.resolve("run");
    }

    private Object[] train(Object... more) {
        Object[] line = {"train", "--model", base, "--data", data, "--out", out, "--max-length", 64, "--epochs", 2};
        Object[] all = Arrays.copyOf(line, line.length + more.length);
        System.arraycopy(more, 0, all, line.length, more.length);
        return all;
    }

    @Test
    void theCommandThatItPrintsAsksAsItWasTrained() {
        Cli.Ran ran = Cli.run(train("--max-steps", 1, "--chat-template", "zephyr"));
        assertEquals(0, ran.code(), ran.err());
        String command = ran.out()
                .lines()
                .filter(line -> line.startsWith("  "))
                .findFirst()
                .orElseThrow();
        assertEquals(
                "  chaku generate --model " + base + " --adapter " + out
                        + " --chat --chat-template zephyr --prompt 'What is a llama?'",
                command);
    }

    @Test
    void theCommandThatMergesIsPrintedAfterATrainingForIt() throws IOException {
        Cli.Ran ran = Cli.run(train("--max-steps", 2, "--merge-aware", "Q4_0:2"));
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.out()
                        .contains("  chaku adapter merge " + out + " --into " + base + " --out "
                                + out.resolve("merged.gguf") + " --type q4_0\n"),
                ran.out());
        String config = Files.readString(out.resolve("config.json"));
        assertTrue(config.contains("\"merge_aware\" : \"q4_0\""), config);
        assertTrue(config.contains("\"merge_aware_every\" : 2"), config);
        Path settings = Files.writeString(folder.resolve("run.yaml"), "merge-aware: base\nmax-steps: 1\n");
        Cli.Ran again = Cli.run(
                "train", "--model", base, "--data", data, "--out", folder.resolve("run2"), "--config", settings);
        assertEquals(0, again.code(), again.err());
        assertTrue(again.out().contains(" --out " + folder.resolve("run2/merged.gguf") + "\n"), again.out());
        assertTrue(Files.readString(folder.resolve("run2/config.json")).contains("\"merge_aware_every\" : 1"));
    }

    /** The settings of a run as the folder has them, of its loss and rate. */
    private static List<String> lossOf(Path run) throws IOException {
        return Files.readAllLines(run.resolve("config.json")).stream()
                .filter(line -> line.matches(".*\"(loss|beta|label_smoothing|gamma|.*weight|learning_rate)\".*"))
                .toList();
    }

    @Test
    void preferencesAreTrainedByTheirLoss() throws IOException {
        Path pairs = Files.writeString(
                folder.resolve("pairs.jsonl"),
                "{\"prompt\": \"q\", \"chosen\": \"aaaa\", \"rejected\": \"zz\"}\n".repeat(9)
                        + "{\"prompt\": \"r\", \"chosen\": \"aaa\", \"rejected\": \"zzz\"}\n");
        Object[] line = {
            "train",
            "--model",
            base,
            "--data",
            pairs,
            "--out",
            out,
            "--chat-template",
            "chatml",
            "--eval-data",
            pairs,
            "--loss",
            "dpo",
            "--beta",
            0.3,
            "--label-smoothing",
            0.1,
            "--max-steps",
            4,
            "--json"
        };
        Cli.Ran ran = Cli.run(line);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.json().get("eval_margin").doubleValue() > 0, ran.out());
        assertTrue(ran.err().contains("margin +") && ran.err().contains("% of answers right"), ran.err());
        assertTrue(
                lossOf(out).toString().contains("\"beta\" : 0.3"), lossOf(out).toString());
        Path settings = Files.writeString(
                folder.resolve("run.yaml"), "loss: dpo\nbeta: 0.3\nlabel-smoothing: 0.1\nmax-steps: 4\n");
        Path other = folder.resolve("run2");
        Cli.Ran again = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                pairs,
                "--out",
                other,
                "--chat-template",
                "chatml",
                "--config",
                settings);
        assertEquals(0, again.code(), again.err());
        assertEquals(lossOf(out), lossOf(other));
        Cli.Ran refused = Cli.run(
                "train", "--model", base, "--data", data, "--out", folder.resolve("run3"), "--loss", "kto", "--plan");
        assertEquals(3, refused.code());
        assertTrue(refused.err().contains("labelled as wanted or not"), refused.err());
    }

    @Test
    void resumeStartsARunOrLeavesAFinishedOneAsItIs() throws IOException {
        Cli.Ran ran = Cli.run(train("--resume", "--json"));
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("run: nothing to resume, the run starts"), ran.err());
        byte[] adapter = Files.readAllBytes(out.resolve("adapter.gguf"));
        Cli.Ran again = Cli.run(train("--resume", "--json"));
        assertEquals(0, again.code(), again.err());
        assertTrue(again.err().contains("run: this run is finished, nothing was trained"), again.err());
        for (String field : List.of("adapter", "steps", "tokens", "train_loss", "finished")) {
            assertEquals(ran.json().get(field), again.json().get(field), field);
        }
        Cli.Ran other = Cli.run(train("--resume", "--rank", 4));
        assertEquals(3, other.code());
        assertTrue(other.err().contains("rank: expected 16 as in the run so far, found 4"), other.err());
        assertEquals(-1, Arrays.mismatch(adapter, Files.readAllBytes(out.resolve("adapter.gguf"))));
        Path notes = Files.createDirectory(folder.resolve("notes"));
        Files.writeString(notes.resolve("log.jsonl"), "mine");
        Object[] mine = train("--resume");
        mine[6] = notes;
        Cli.Ran refused = Cli.run(mine);
        assertEquals(3, refused.code());
        assertTrue(refused.err().contains("found files of something else (log.jsonl)"), refused.err());
        assertEquals("mine", Files.readString(notes.resolve("log.jsonl")));
    }

    /** The program in a process of its own. */
    private Process start(String errors, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve(errors).toFile());
        builder.environment().put("CHAKU_PROGRAM", "./chaku");
        return builder.start();
    }

    private static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** The first signal saves and says how to go on; what it says, typed as it stands, goes on. */
    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void aSignalEndsTheStepAndSaves(String signal, int code) throws Exception {
        Process process = start("err", train("--epochs", 100_000, "--json"));
        waitFor(() -> Files.exists(out.resolve("log.jsonl")));
        send(signal, process);
        String result = output(process);
        String errors = Files.readString(folder.resolve("err"));
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), errors);
        assertEquals(code, process.exitValue(), errors);
        assertTrue(result.contains("\"finished\":false"), result);
        assertTrue(errors.contains("stopping after this step, with a checkpoint; once more to stop at once"), errors);
        assertTrue(Files.isRegularFile(out.resolve("adapter.gguf")), errors);
        try (Stream<Path> entries = Files.list(out)) {
            assertEquals(
                    1,
                    entries.filter(path -> path.getFileName().toString().startsWith("checkpoint-"))
                            .count());
        }
        String command = errors.lines()
                .filter(line -> line.startsWith("  ./chaku"))
                .findFirst()
                .orElseThrow();
        assertTrue(command.contains("'" + data + "'") && command.endsWith(" --json --resume"), command);
        Cli.Ran ran = Cli.run(train("--epochs", 100_000, "--max-steps", 1, "--resume"));
        assertEquals(3, ran.code(), "max_steps is another: " + ran.err());
    }

    @Test
    void aSecondSignalEndsItAtOnce() throws Exception {
        // A step of many rows, so that the first signal waits for its end.
        Process process = start("err", train("--epochs", 100_000, "--no-packing", "--grad-accumulation", 12));
        waitFor(() -> Files.exists(out.resolve("log.jsonl")));
        send("TERM", process);
        send("TERM", process);
        process.waitFor(1, TimeUnit.MINUTES);
        assertEquals(143, process.exitValue(), Files.readString(folder.resolve("err")));
        assertEquals(
                0,
                Cli.run(train("--epochs", 100_000, "--no-packing", "--grad-accumulation", 12, "--plan"))
                        .code());
    }

    private static void send(String signal, Process process) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor());
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void waitFor(Condition condition) throws Exception {
        for (int i = 0; i < 3000 && !condition.holds(); i++) {
            Thread.sleep(20);
        }
        assertTrue(condition.holds());
    }

    /** One of two runs on one folder is refused, and the other ends as if it had been alone. */
    @Test
    void twoProcessesOnOneFolder() throws Exception {
        Process one = start("err1", train("--json"));
        Process other = start("err2", train("--json"));
        String results = output(one) + output(other);
        one.waitFor();
        other.waitFor();
        String errors = Files.readString(folder.resolve("err1")) + Files.readString(folder.resolve("err2"));
        assertEquals(3, one.exitValue() + other.exitValue(), errors);
        assertEquals(1, results.lines().count(), results);
        assertEquals(
                1, errors.lines().filter(line -> line.startsWith("chaku: ")).count(), errors);
        assertTrue(
                errors.contains("another run is writing to this folder (") || errors.contains("holds files already"),
                errors);
        assertAlone();
    }

    private void assertAlone() throws IOException {
        Path whole = out;
        out = folder.resolve("alone");
        assertEquals(0, Cli.run(train()).code());
        assertEquals(-1, Files.mismatch(whole.resolve("adapter.gguf"), out.resolve("adapter.gguf")));
        assertFalse(Files.exists(whole.resolve(".chaku.lock")));
    }

    /** What is left by a run that was killed is taken over. */
    @Test
    void aKilledRunIsInNobodysWay() throws Exception {
        Object[] line = train("--epochs", 100_000, "--save-steps", 1, "--resume");
        Process process = start("err", line);
        waitFor(() -> Files.exists(out.resolve("checkpoint-00000001")));
        Cli.Ran refused = Cli.run(line);
        assertEquals(3, refused.code());
        assertTrue(
                refused.err().contains("another run is writing to this folder (process " + process.pid()),
                refused.err());
        process.destroyForcibly().waitFor();
        Process again = start("err2", line);
        waitFor(() -> Files.readString(folder.resolve("err2")).contains("run: going on after step "));
        send("TERM", again);
        again.waitFor();
        assertEquals(143, again.exitValue(), Files.readString(folder.resolve("err2")));
    }

    private Path lines(int n) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < n; i++) {
            lines.append(LINE.formatted(i));
        }
        return Files.writeString(folder.resolve("lines" + n), lines);
    }

    /** Twenty short examples and nothing said: the loss falls, and the answer is what was trained. */
    @Test
    void twentyExamplesTrainAtTheDefaults() throws IOException {
        Object[] line = {"train", "--model", base, "--data", lines(20), "--out", out, "--json"};
        Cli.Ran ran = Cli.run(line);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.json().get("steps").asInt() >= 100
                        && ran.json().get("loss_fell").asBoolean(),
                ran.out());
        assertFalse(ran.err().contains("note:"), ran.err());
        Cli.Ran answer = Cli.run(
                "generate",
                "--model",
                base,
                "--adapter",
                out,
                "--chat",
                "--prompt",
                "Where does cow 5 live?",
                "--temperature",
                0,
                "--json");
        assertEquals("On Mars.", answer.json().get("text").asText());
    }

    @Test
    void tooFewStepsAreSaidBeforeAndAfter() throws IOException {
        Object[] line = {
            "train",
            "--model",
            base,
            "--data",
            lines(20),
            "--out",
            out,
            "--epochs",
            1,
            "--max-length",
            400,
            "--batch-tokens",
            400,
            "--learning-rate",
            "1e-5"
        };
        Cli.Ran ran = Cli.run(line);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("steps are few and may change little; --epochs "), ran.err());
        assertTrue(ran.err().contains("the loss did not fall beyond its noise"), ran.err());
    }

    @Test
    void textThatIsCutIsSaid() throws IOException {
        Path text = Files.writeString(folder.resolve("plain.txt"), "The cow lives on the farm. ".repeat(400));
        Cli.Ran ran =
                Cli.run("train", "--model", base, "--data", text, "--out", out, "--max-length", 64, "--plan", "--json");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("1 example was longer than --max-length and cut"), ran.err());
        assertTrue(
                ran.err().contains("about 9") && ran.err().contains("--over-long split trains them in pieces"),
                ran.err());
    }

    @Test
    void thePromptOfAChatAdapterIsAskedFor() throws IOException {
        assertEquals(0, Cli.run(train("--max-steps", 1)).code());
        Cli.Ran bare = Cli.run("generate", "--model", base, "--adapter", out, "--prompt", "Hello", "--max-tokens", 1);
        assertTrue(bare.err().contains("the adapter was trained on conversations"), bare.err());
        Cli.Ran chat = Cli.run(
                "generate", "--model", base, "--adapter", out, "--chat", "--prompt", "Hello", "--max-tokens", 1);
        assertFalse(chat.err().contains("note:"), chat.err());
        Cli.Ran empty =
                Cli.run("generate", "--model", base, "--prompt", "Where does the cow live?", "--temperature", 0);
        assertEquals(empty.out().isBlank(), empty.err().contains("the answer is empty"), empty.err());
    }

    /** A limit below what is needed is refused by the plan as by the run. */
    @Test
    void planAndRunRefuseInTheSameWords() {
        Cli.Ran plan = Cli.run(train("--memory-limit", "3M", "--plan"));
        Cli.Ran run = Cli.run(train("--memory-limit", "3M"));
        assertEquals(4, plan.code(), plan.err());
        assertEquals(4, run.code(), run.err());
        assertTrue(plan.err().contains("expected at most 3.0 MiB of memory (--memory-limit), found "), plan.err());
        // Java's part of a test's JVM grows from one call to the next.
        assertEquals(plan.err().replaceAll("[0-9.]+", "N"), run.err().replaceAll("[0-9.]+", "N"));
        assertFalse(Files.exists(out));
    }

    /** What the process held at its most is no more than was planned, and a tenth. */
    @ParameterizedTest
    @CsvSource({"64,4", "256,64", "400,16"})
    void theMeasuredPeakIsWhatWasPlanned(int tokens, int rank) throws Exception {
        Object[] line = train("--max-length", tokens, "--rank", rank, "--max-steps", 4, "--json");
        Process plan = start(
                "err1", Stream.concat(Arrays.stream(line), Stream.of("--plan")).toArray());
        long planned = field(output(plan), "total_bytes");
        Process run = start("err2", line);
        long peak = field(output(run), "peak_bytes");
        assertTrue(peak <= 1.1 * planned, "planned " + planned + ", held " + peak);
        assertTrue(peak >= planned / 3, "planned " + planned + ", held " + peak);
    }

    @Test
    void curvesForTensorBoard() throws IOException {
        Path board = folder.resolve("board");
        assertEquals(0, Cli.run(train("--max-steps", 2, "--tensorboard", board)).code());
        try (Stream<Path> files = Files.list(board)) {
            assertEquals(
                    List.of(true),
                    files.map(file -> file.getFileName().toString().startsWith("events.out.tfevents."))
                            .toList());
        }
        Path taken = Files.writeString(folder.resolve("taken"), "x");
        Cli.Ran ran = Cli.run(train("--max-steps", 2, "--tensorboard", taken));
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().contains(taken + ": expected a folder for the output, found a file"), ran.err());
    }

    private static long field(String json, String name) throws IOException {
        return new ObjectMapper().readTree(json).get(name).asLong();
    }
}
