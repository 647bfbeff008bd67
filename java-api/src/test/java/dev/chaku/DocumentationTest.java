package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** Every public item of an exported package is documented, with all arguments and results, as javac's doclint asks. */
class DocumentationTest {
    private static final Path SOURCES = Path.of("src/main/java");

    /** What a record's short constructor takes stands at its components. */
    private static final Pattern SHORT_CONSTRUCTOR = Pattern.compile("\\s*(public )?[A-Z]\\w* \\{");

    @Test
    void everyPublicItemIsDocumented() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(found, null, null)) {
            List<Path> sources = sources();
            List<String> options = List.of(
                    "-proc:none",
                    "-implicit:none",
                    "-Xmaxwarns",
                    "1000",
                    "-Xdoclint:all/protected",
                    "-d",
                    Files.createTempDirectory("chaku-doc").toString(),
                    "-cp",
                    System.getProperty("java.class.path"));
            // The task is analysed and writes nothing: doclint reports while it goes.
            JavacTask task = (JavacTask)
                    compiler.getTask(null, manager, found, options, null, manager.getJavaFileObjectsFromPaths(sources));
            task.analyze();
            assertTrue(sources.size() > 100, "found " + sources.size() + " sources");
        }
        List<String> faults = new ArrayList<>();
        for (Diagnostic<? extends JavaFileObject> each : found.getDiagnostics()) {
            if (each.getSource() != null && !SHORT_CONSTRUCTOR.matcher(line(each)).matches()) {
                faults.add(each.toString());
            }
        }
        assertEquals("", String.join("\n", faults));
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String name : ExportedPackages.names()) {
            try (Stream<Path> files = Files.list(SOURCES.resolve(name.replace('.', '/')))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }

    private static String line(Diagnostic<? extends JavaFileObject> fault) throws IOException {
        return fault.getSource()
                .getCharContent(true)
                .toString()
                .lines()
                .skip(fault.getLineNumber() - 1)
                .findFirst()
                .orElse("");
    }
}
