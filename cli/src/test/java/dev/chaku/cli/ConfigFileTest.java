package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    @TempDir
    Path folder;

    private Path base;
    private Path data;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            lines.append("{\"prompt\": \"Where does cow " + i + " live?\", \"completion\": \" On Mars.\"}\n");
        }
        data = Files.writeString(folder.resolve("my data: 1.jsonl"), lines);
    }

    private Cli.Ran train(Path config, Object... more) {
        Object[] line = {"train", "--model", base, "--data", data, "--config", config, "--out", folder.resolve("out")};
        Object[] all = java.util.Arrays.copyOf(line, line.length + more.length);
        System.arraycopy(more, 0, all, line.length, more.length);
        return Cli.run(all);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "epochs: 2\\nlerning-rate: 1e-4 | 3 | :2:1: expected an option of chaku train, found the key 'lerning-rate'; did you mean learning-rate?",
                "lora_r: 8 | 3 | :1:1: expected an option of chaku train, found the key 'lora_r'; did you mean rank",
                "rank: 2\\nepochs: many | 3 | :2:9: epochs: expected a whole number, found 'many'",
                "over-long: shred | 3 | :1:12: over-long: over-long policy: expected error, truncate, split, drop, found 'shred'",
                "rslora: 3 | 3 | :1:9: rslora: expected true or false, found '3'",
                "epochs:\\n  first: 2 | 3 | :2:3: epochs: expected a value or a list of values, found keys of its own",
                "epochs: | 3 | :1:8: epochs: expected a value or a list of values, found nothing",
                "max-length: 64\\nepochs: 2\\nmax_length: 32 | 3 | :3:1: expected each key once, found 'max_length' again; the first is at 1:1",
                "- epochs | 3 | :1:1: expected keys with values",
                "epochs: [1 | 3 | : expected a YAML file of options, found what is none",
                "config: other.yaml | 3 | :1:1: expected an option of chaku train, found the key 'config'",
                "epochs: 2\\nrank: 0 | 2 | :2:1: rank: expected",
                "variants:\\n  - {name: a, lerning-rate: 8} | 3 | :2:15: expected name or an option of a training, found the key 'lerning-rate'; did you mean learning-rate?",
                "variants:\\n  - {name: a, epochs: x} | 3 | :2:23: epochs: expected a whole number, found 'x'",
                "variants:\\n  - {name: a, rank: 8}\\n  - {rank: 4} | 3 | :3:5: variants: expected a name for each, found none",
                "variants:\\n  - {name: a}\\n  - {name: a} | 3 | :3:12: name: expected each once, found 'a' again; the first is at 2:12",
                "variants:\\n  - {name: a, rank: 8, rank: 9} | 3 | :2:24: expected each key once, found 'rank' again; the first is at 2:15",
                "variants:\\n  - {name: a/b} | 3 | :2:12: name: expected a name of a folder",
                "variants:\\n  - {name: a, threads: 2} | 3 | :2:15: expected an option of one training, found the key 'threads', which all share",
                "variants: small | 3 | :1:11: variants: expected a list of variants, such as {name: small, rank: 8}, found 'small'",
                "variants:\\n  - 'small:rank=8' | 3 | :2:5: variants: expected keys with values: a name, and options of its own, found 'small:rank=8'",
                "variants: [] | 3 | variants: expected at least one variant",
                "variant: 'a:rank=2'\\nvariants: [{name: b}] | 3 | :2:1: expected each key once, found 'variants' again; the first is at 1:1",
            })
    void whatIsWrongIsToldWithItsPlace(String text, int code, String message) throws IOException {
        Path config = Files.writeString(folder.resolve("run.yaml"), text.replace("\\n", "\n") + "\n");
        Cli.Ran ran = train(config, "--plan");
        assertEquals(code, ran.code(), ran.err());
        assertTrue(ran.err().contains(message) && ran.err().contains(config + ":"), ran.err());
    }

    @Test
    void whatIsGivenOnTheCommandLineIsNotTheFilesFault() throws IOException {
        Path config = Files.writeString(folder.resolve("run.yaml"), "rank: 4\n");
        Cli.Ran ran = train(config, "--plan", "--rank", 0);
        assertEquals(2, ran.code(), ran.err());
        assertTrue(ran.err().contains("--rank: expected") && !ran.err().contains("run.yaml"), ran.err());
    }

    /** The file that a run leaves trains the same again: settings and bits. */
    @Test
    void theDecidedOptionsTrainTheSame() throws IOException {
        Path config = Files.writeString(
                folder.resolve("run.yaml"),
                "preset: labels\nmax-length: 32\nmax-steps: 4\nover-long: drop\ntargets: [q, v]\n");
        Cli.Ran ran = train(config, "--eval-split", 0.25, "--learning-rate", "2e-3");
        assertEquals(0, ran.code(), ran.err());
        Path out = folder.resolve("out");
        Path decided = out.resolve("train.yaml");
        List<String> lines = Files.readAllLines(decided);
        for (String line : new String[] {
            "rank: 8",
            "dropout: 0.1",
            "learning-rate: 2e-3",
            "eval-split: 0.25",
            "over-long: drop",
            "data: '" + data + "'"
        }) {
            assertTrue(lines.contains(line), line + " in " + lines);
        }
        assertFalse(
                lines.stream().anyMatch(line -> line.matches("(out|config|preset|warmup-steps|eval-steps):.*")),
                lines.toString());
        Path again = folder.resolve("again");
        Cli.Ran second = Cli.run("train", "--config", decided, "--out", again);
        assertEquals(0, second.code(), second.err());
        assertEquals(-1, Files.mismatch(out.resolve("config.json"), again.resolve("config.json")));
        assertEquals(-1, Files.mismatch(out.resolve("adapter.gguf"), again.resolve("adapter.gguf")));
    }

    @Test
    void theHelpHasTheNumbersOfEachPresetAndAReason() {
        String help = Cli.run("train", "--help").out().replaceAll("\\s+", " ");
        for (TrainPreset preset : TrainPreset.values()) {
            String numbers = preset.label() + ": " + preset.numbers() + ". ";
            assertTrue(help.contains(numbers), numbers);
        }
    }
}
