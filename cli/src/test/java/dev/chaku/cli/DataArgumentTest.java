package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataArgumentTest {
    @TempDir
    Path folder;

    private Path file(String name, String format, int n) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < n; i++) {
            lines.append(String.format(format, i, i));
        }
        return Files.writeString(folder.resolve(name), lines);
    }

    @Test
    void aWeightStandsAfterTheLastEqualsSign() throws IOException {
        assertEquals(List.of(plain(Path.of("a.jsonl"))), DataArgument.parse("a.jsonl"));
        assertEquals(
                List.of(new DataArgument(Path.of("a=b.jsonl"), OptionalDouble.of(0.3))),
                DataArgument.parse("a=b.jsonl=0.3"));
        Path odd = file("run=1", "", 1);
        assertEquals(List.of(plain(odd)), DataArgument.parse(odd.toString()));
        assertEquals(List.of(plain(Path.of("/dev/stdin"))), DataArgument.parse("-"));
        String message = assertThrows(BadInputException.class, () -> DataArgument.parse("a.jsonl=x"))
                .getMessage();
        assertEquals("--data a.jsonl=x: expected a file, or a number after '=', found 'x'", message);
    }

    private static DataArgument plain(Path file) {
        return new DataArgument(file, OptionalDouble.empty());
    }

    @Test
    void commasDivideFilesButForNamesThatHaveThem() throws IOException {
        assertEquals(List.of(plain(Path.of("a")), plain(Path.of("b"))), DataArgument.parse("a,b"));
        Path odd = file("one, two.jsonl", "", 1);
        Path other = file("b.jsonl", "", 1);
        assertEquals(List.of(plain(odd)), DataArgument.parse(odd.toString()));
        assertEquals(List.of(new DataArgument(odd, OptionalDouble.of(2))), DataArgument.parse(odd + "=2"));
        assertEquals(
                List.of(plain(other), new DataArgument(odd, OptionalDouble.of(0.5)), plain(other)),
                DataArgument.parse(other + "," + odd + "=0.5," + other));
    }

    @Test
    void patternsAreFilledAsAShellDoes() throws IOException {
        Path b = file("b.jsonl", "", 1);
        Path a = file("a.jsonl", "", 1);
        file(".hidden.jsonl", "", 1);
        Path sub = Files.createDirectories(folder.resolve("sub"));
        Path c = Files.writeString(sub.resolve("c.jsonl"), "");
        assertEquals(List.of(plain(a), plain(b)), DataArgument.parse(folder + "/*.jsonl"));
        assertEquals(List.of(plain(b)), DataArgument.parse(folder + "/[b-z].json?"));
        assertEquals(List.of(plain(c)), DataArgument.parse(folder + "/*/*.jsonl"));
        assertEquals(List.of(a, b, c), DataArgument.files(List.of(folder + "/**.jsonl")));
        assertEquals(
                List.of(new DataArgument(a, OptionalDouble.of(3)), new DataArgument(b, OptionalDouble.of(3))),
                DataArgument.parse(folder + "/?.jsonl=3"));
        String message = assertThrows(BadInputException.class, () -> DataArgument.parse(folder + "/*.csv"))
                .getMessage();
        assertEquals(folder + "/*.csv: expected files that fit the pattern, found none", message);
        message = assertThrows(BadInputException.class, () -> DataArgument.parse(folder + "/no/*.csv"))
                .getMessage();
        assertEquals(folder + "/no/*.csv: expected files that fit the pattern, found none", message);
        Path odd = file("[x].jsonl", "", 1);
        assertEquals(List.of(plain(odd)), DataArgument.parse(odd.toString()));
    }

    @Test
    void trainTakesSeveralFilesAndTellsUnknownFlagsFromThem() throws IOException {
        String format = "{\"prompt\": \"%d?\", \"completion\": \"%d.\"}\n";
        Path a = file("a, b.jsonl", format, 10);
        Path b = file("c.jsonl", format, 5);
        Object[] line = {
            "train", "--model", Cli.base(folder), "--data", a, b, "--out", folder.resolve("o"), "--plan", "--json"
        };
        assertEquals(15, Cli.run(line).json().get("examples").asInt());
        Cli.Ran quoted = Cli.run("data", "stats", folder + "/*.jsonl", "--json");
        assertEquals(15, quoted.json().get("examples").asInt());
        Cli.Ran unknown = Cli.run(
                "train", "--model", Cli.base(folder), "--data", a, "--rnk", 4, "--out", folder.resolve("o"), "--plan");
        assertEquals(2, unknown.code());
        assertTrue(unknown.err().contains("--rnk") && unknown.err().contains("--rank"), unknown.err());
        Cli.Ran replaced = Cli.run("data", "convert", a + "," + b, "--to", "chat", "--out", b, "--overwrite");
        assertEquals(3, replaced.code(), replaced.err());
        assertEquals(5, Files.readAllLines(b).size());
    }

    @Test
    void trainMixesFilesByWeightAndMapsTheirColumns() throws IOException {
        String format = "{\"question\": \"%d?\", \"answer\": \"%d.\", \"label\": \"x\"}\n";
        Path ours = file("ours.jsonl", format, 10);
        Path others = file("others.jsonl", format.replace("?", "??"), 20);
        Cli.Ran ran = Cli.run(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                ours + "=2",
                "--data",
                others + "=0.3",
                "--out",
                folder.resolve("o"),
                "--columns",
                "prompt=Say {question},completion=answer",
                "--max-length",
                64,
                "--plan",
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode plan = ran.json();
        assertEquals(26, plan.get("examples").asInt());
        assertTrue(ran.err().contains("others.jsonl: 20 examples, each 0.3 times"), ran.err());
        Cli.Ran bad = Cli.run(
                "train", "--model", Cli.base(folder), "--data", ours + "=-1", "--out", folder.resolve("o"), "--plan");
        assertEquals(2, bad.code());
        assertTrue(bad.err().contains("--data: expected a weight of more than 0 and at most 1000"), bad.err());
        Cli.Ran none = Cli.run(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                ours,
                "--out",
                folder.resolve("o"),
                "--columns",
                "prompt=q",
                "--plan");
        assertEquals(3, none.code());
        assertTrue(
                none.err().contains("ours.jsonl:1: expected a column 'q', found [question, answer, label]"),
                none.err());
    }
}
