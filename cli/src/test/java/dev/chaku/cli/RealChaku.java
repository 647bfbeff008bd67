package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the launcher script with this build's classes, as a process of its own. */
final class RealChaku {
    private static final Path SCRIPT = Path.of("..", "chaku").toAbsolutePath().normalize();

    private RealChaku() {}

    /** What a process did. */
    record Ran(int code, String out, String err) {}

    /** Runs a command line in a folder, with standard output in a file there. */
    static Ran run(Path folder, Map<String, String> environment, Object... arguments)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("chaku-out", "");
        try {
            return run(folder, environment, ProcessBuilder.Redirect.to(out.toFile()), out, arguments);
        } finally {
            Files.delete(out);
        }
    }

    /** Runs a command line with its standard output where a shell would put it with {@code > out}. */
    static Ran runTo(Path out, Path folder, Object... arguments) throws IOException, InterruptedException {
        return run(folder, Map.of(), ProcessBuilder.Redirect.to(out.toFile()), null, arguments);
    }

    private static Ran run(
            Path folder, Map<String, String> environment, ProcessBuilder.Redirect to, Path out, Object... arguments)
            throws IOException, InterruptedException {
        Path err = Files.createTempFile("chaku-err", "");
        try {
            Process process = builder(folder, environment, arguments)
                    .redirectOutput(to)
                    .redirectError(err.toFile())
                    .start();
            assertTrue(process.waitFor(3, TimeUnit.MINUTES), "chaku hangs");
            return new Ran(process.exitValue(), out == null ? "" : Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(err);
        }
    }

    static ProcessBuilder builder(Path folder, Map<String, String> environment, Object... arguments) {
        List<String> line = new ArrayList<>(List.of(SCRIPT.toString()));
        for (Object argument : arguments) {
            line.add(argument.toString());
        }
        ProcessBuilder builder =
                new ProcessBuilder(line).directory(folder.toFile()).redirectInput(new File("/dev/null"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("CHAKU_CLASS_PATH", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        return builder;
    }
}
