package dev.chaku.benchmarks.compare;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A program of a comparison in a Java process of its own: asked one thing at a time. */
final class Worker implements AutoCloseable {
    private final String label;
    private final Path log;
    private final Process process;
    private final BufferedReader in;
    private final BufferedWriter out;
    private final Map<String, Object> greeting;

    /**
     * Starts a program and waits until it is ready.
     *
     * @param main its class
     * @param log where everything goes that it prints beside answers
     * @param environment variables set for it
     * @param arguments of its main method
     */
    static Worker start(Class<?> main, Path log, Map<String, String> environment, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.add("-Xmx1g");
        // JavaCPP refuses to allocate past four times the Java heap otherwise, and tries to collect garbage before.
        command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
        command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
        command.add("-XX:ErrorFile=" + log.resolveSibling("crash-%p.log"));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        Files.createDirectories(log.toAbsolutePath().getParent());
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectError(ProcessBuilder.Redirect.to(log.toFile()));
        return new Worker(main.getSimpleName() + " " + String.join(" ", arguments), log, builder.start());
    }

    private Worker(String label, Path log, Process process) throws IOException {
        this.label = label;
        this.log = log;
        this.process = process;
        this.in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.out = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        boolean ready = false;
        try {
            this.greeting = answer();
            ready = true;
        } finally {
            if (!ready) {
                process.destroyForcibly();
            }
        }
    }

    /** What the program said of itself when it was ready. */
    Map<String, Object> greeting() {
        return greeting;
    }

    /** Asks and waits for the answer. */
    Map<String, Object> ask(Map<String, Object> request) throws IOException {
        out.write(WorkerLoop.JSON.writeValueAsString(request));
        out.newLine();
        out.flush();
        return answer();
    }

    /** The processor time that the program has taken; zero where the system does not tell. */
    Duration processorTime() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private Map<String, Object> answer() throws IOException {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.startsWith(WorkerLoop.MARK)) {
                return WorkerLoop.JSON.readValue(line.substring(WorkerLoop.MARK.length()), WorkerLoop.FIELDS);
            }
        }
        throw new IOException(label + " ended before it answered; the end of " + log + ":" + System.lineSeparator()
                + tail(log.toFile()));
    }

    private static String tail(File file) throws IOException {
        List<String> lines = Files.readAllLines(file.toPath(), StandardCharsets.ISO_8859_1);
        return String.join(System.lineSeparator(), lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    /** Kills the program: some engines crash when they are taken down in order. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
