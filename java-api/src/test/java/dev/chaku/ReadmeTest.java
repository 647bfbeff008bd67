package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.internal.arch.FormatMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README tells a Java programmer to copy works when it is copied. */
class ReadmeTest {
    @TempDir
    Path folder;

    private static String read(String name) throws IOException {
        Path file = Path.of("..", name);
        assumeTrue(Files.exists(file), "not within a checkout");
        return Files.readString(file);
    }

    private static String block(String language) throws IOException {
        Matcher block =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(read("README.md"));
        assertTrue(block.find());
        return block.group(1);
    }

    @Test
    void theExampleRunsAndRunsAgain() throws Exception {
        Path program = Files.writeString(folder.resolve("FineTune.java"), block("java"));
        TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        Files.writeString(
                folder.resolve("train.jsonl"), "{\"prompt\":\"Once\",\"completion\":\" upon a time\"}\n".repeat(3));
        for (int round = 1; round <= 2; round++) {
            List<String> command = List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    program.toString());
            ChildJvm.Ended ended = ChildJvm.ended(new ProcessBuilder(command).directory(folder.toFile()));
            assertEquals(0, ended.exitCode(), ended.output());
            assertTrue(ended.output().contains("TrainingPlan[examples=3"), ended.output());
            assertEquals(
                    round == 1,
                    ended.output().contains("loss "),
                    "a run that is complete is not repeated: " + ended.output());
        }
        assertTrue(Files.exists(folder.resolve("run/adapter.gguf")));
    }

    @Test
    void theDependenciesAreThoseOfThisVersion() throws IOException {
        Matcher version = Pattern.compile("<artifactId>chaku-parent</artifactId>\\s*<version>(.*?)</version>")
                .matcher(read("pom.xml"));
        assertTrue(version.find());
        String dependencies = block("xml");
        assertEquals(2, dependencies.split("<artifactId>chaku</artifactId>", -1).length - 1);
        assertEquals(
                2, dependencies.split("<version>" + Pattern.quote(version.group(1)) + "</version>", -1).length - 1);
        assertTrue(dependencies.contains("<classifier>linux-x86_64</classifier>"));
    }
}
