package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingNamesTest {
    private static final Pattern FLAG_IN_TEXT = Pattern.compile("\"[^\"\\n]*--[a-z][a-z-]+[^\"\\n]*\"");

    @TempDir
    Path folder;

    @Test
    void messagesOfTheLibraryNameFlagsHere() throws IOException {
        Path data =
                Files.writeString(folder.resolve("a.jsonl"), "{\"prompt\": \"q\", \"completion\": \"a\"}\nnonsense\n");
        Cli.Ran ran =
                Cli.run("train", "--model", Cli.base(folder), "--data", data, "--out", folder.resolve("o"), "--plan");
        assertEquals(3, ran.code());
        assertTrue(
                ran.err()
                        .contains(
                                "a.jsonl:2: no JSON: unexpected 'nonsense' (texts stand in double quotes), at column 1; mend it, or"
                                        + " leave such lines out with --skip-bad-lines"),
                ran.err());
        Path extra = Files.writeString(
                folder.resolve("b.jsonl"), "{\"prompt\": \"q\", \"completion\": \"a\", \"note\": 1}\n".repeat(2));
        Cli.Ran checked = Cli.run("data", "check", extra);
        assertTrue(
                checked.out().contains("fix: Name those that matter with --columns, as in prompt=question"),
                checked.out());
        assertTrue(checked.out().contains("fix: Leave the copies out; --fix does."), checked.out());
    }

    /** The library knows no flags, and has every setting that is translated here. */
    @Test
    void theLibraryNamesSettings() throws IOException {
        StringBuilder all = new StringBuilder();
        Path library = Path.of("../java-api/src/main/java/dev/chaku");
        try (Stream<Path> data = Files.walk(library.resolve("data"));
                Stream<Path> adapters = Files.walk(library.resolve("internal/adapter"));
                Stream<Path> trainings = Files.walk(library.resolve("internal/train"));
                Stream<Path> facades = Files.list(library)) {
            Stream<Path> adapter = Stream.concat(
                    adapters, facades.filter(f -> f.getFileName().toString().startsWith("Adapter")));
            for (Path file : Stream.concat(Stream.concat(data, trainings), adapter)
                    .filter(f -> f.toString().endsWith(".java"))
                    .toList()) {
                String source = Files.readString(file);
                all.append(source);
                List<String> flags = FLAG_IN_TEXT
                        .matcher(source)
                        .results()
                        .map(r -> r.group())
                        .collect(Collectors.toList());
                assertEquals(List.of(), flags, file.toString());
            }
        }
        all.append(Files.readString(Path.of("../native/src/model/memory_plan.cpp")));
        for (String setting : SettingNames.settings()) {
            assertTrue(all.indexOf(setting) >= 0, setting);
            assertFalse(SettingNames.toFlags(setting).contains(setting), setting);
        }
    }
}
