package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnJre;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** Every public item of an exported package is documented, with all arguments and results, as javac's doclint asks. */
@EnabledOnJre(value = JRE.JAVA_17, disabledReason = "the compiler's checks of comments differ by release")
class DocumentationTest {
    private static final Path SOURCES = Path.of("src/main/java");

    private static final Pattern FAULT = Pattern.compile("(.+\\.java):(\\d+): (warning|error): .*");

    /** What a record's short constructor takes stands at its components. */
    private static final Pattern SHORT_CONSTRUCTOR = Pattern.compile("\\s*(public )?[A-Z]\\w* \\{");

    @TempDir
    Path folder;

    @Test
    void everyPublicItemIsDocumented() throws IOException {
        assertEquals("", String.join("\n", faults(sources())));
    }

    @Test
    void whatIsNotDocumentedIsFound() throws IOException {
        Path bare = Files.writeString(
                folder.resolve("Bare.java"), "/** A class. */\npublic class Bare {\n    public int x;\n}\n");
        assertTrue(faults(List.of(bare)).stream().anyMatch(fault -> fault.endsWith(":3: warning: no comment")));
    }

    private List<String> faults(List<Path> sources) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none",
                "-implicit:none",
                "-Xmaxwarns",
                "1000",
                "-Xdoclint:all/protected",
                "-d",
                folder.toString(),
                "-cp",
                System.getProperty("java.class.path")));
        sources.forEach(file -> arguments.add(file.toString()));
        StringWriter said = new StringWriter();
        ToolProvider javac = ToolProvider.findFirst("javac").orElseThrow();
        try (PrintWriter out = new PrintWriter(said)) {
            javac.run(out, out, arguments.toArray(String[]::new));
        }
        List<String> faults = new ArrayList<>();
        for (String line : said.toString().lines().toList()) {
            Matcher fault = FAULT.matcher(line);
            if (fault.matches()) {
                String source = Files.readAllLines(Path.of(fault.group(1))).get(Integer.parseInt(fault.group(2)) - 1);
                if (!SHORT_CONSTRUCTOR.matcher(source).matches()) {
                    faults.add(line);
                }
            }
        }
        return faults;
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String name : ExportedPackages.names()) {
            try (Stream<Path> files = Files.list(SOURCES.resolve(name.replace('.', '/')))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        assertTrue(sources.size() > 100, "found " + sources.size() + " sources");
        return sources;
    }
}
