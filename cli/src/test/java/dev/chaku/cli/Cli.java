package dev.chaku.cli;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Runs command lines and keeps what they print: in this JVM, or, where the environment has CHAKU_TEST_LAUNCHER, each as
 * a process of the real {@code ./chaku}.
 */
final class Cli {
    private static final String LAUNCHER = "CHAKU_TEST_LAUNCHER";
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** What a command line did. */
    record Ran(int code, String out, String err) {
        /** Standard output as the one JSON object that it should be. */
        JsonNode json() throws IOException {
            return JSON.readTree(out);
        }
    }

    private Cli() {}

    static Ran run(Object... args) {
        return run(false, args);
    }

    /** The same with a standard output that shows colours. */
    static Ran runInColour(Object... args) {
        return run(true, args);
    }

    private static Ran run(boolean colours, Object... args) {
        if (!colours && System.getenv(LAUNCHER) != null) {
            return launch(args);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                colours,
                false);
        String[] line = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            line[i] = args[i].toString();
        }
        int code = Main.run(console, line);
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Ran launch(Object... args) {
        try {
            RealChaku.Ran ran = RealChaku.run(Path.of("").toAbsolutePath(), Map.of(), args);
            return new Ran(ran.code(), ran.out(), ran.err());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The demo's base model as a file. */
    static Path base(Path folder) throws IOException {
        Path file = folder.resolve("base.gguf");
        if (!Files.exists(file)) {
            try (InputStream in = Main.class.getResourceAsStream("demo/base.gguf")) {
                Files.copy(in, file);
            }
        }
        return file;
    }
}
