package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java compiles. */
class ReadmeExampleTest {
  private static final Path README = Path.of("..", "README.md");
  private static final int MOST_LINES = 15;

  @TempDir Path classes;

  @Test
  void theExampleCompilesAndIsShort() throws IOException {
    Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
    assertTrue(block.find(), "expected a block of Java in " + README);
    String example = block.group(1);
    assertTrue(example.lines().count() <= MOST_LINES, "expected at most " + MOST_LINES + " lines, found\n" + example);
    String program =
        """
        import dev.chaku.*;
        import dev.chaku.data.*;
        import dev.chaku.generate.*;
        import dev.chaku.train.*;
        import java.nio.file.Path;
        class Example {
          void run() {
        %s  }
        }
        """
            .formatted(example);
    assertEquals(List.of(), errors(program), program);
  }

  private List<String> errors(String program) {
    JavaFileObject source =
        new SimpleJavaFileObject(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return program;
          }
        };
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options = List.of("-proc:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path"));
    compiler.getTask(null, null, found, options, null, List.of(source)).call();
    return found.getDiagnostics().stream()
        .filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
        .map(d -> d.getLineNumber() + ": " + d.getMessage(null))
        .collect(Collectors.toList());
  }
}
