package dev.chaku;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a class of the tests in a JVM of its own. */
public final class ChildJvm {
    private ChildJvm() {}

    /** What became of it; output is both streams. */
    public record Ended(int exitCode, String output) {}

    /** Runs with the class path of this JVM. */
    public static Ended run(Class<?> main, List<String> options, String... arguments)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(options);
        all.add("-cp");
        all.add(System.getProperty("java.class.path"));
        all.add(main.getName());
        all.addAll(List.of(arguments));
        return java(Path.of(System.getProperty("java.home")), all);
    }

    /** Runs a JDK's java. */
    public static Ended java(Path home, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(home.resolve("bin/java").toString()));
        command.addAll(arguments);
        return ended(new ProcessBuilder(command));
    }

    /** Runs a command and collects what it says. */
    public static Ended ended(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(1, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(builder.command() + " does not end: " + output);
        }
        return new Ended(process.exitValue(), output);
    }
}
