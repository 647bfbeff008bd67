package dev.chaku.benchmarks.compare;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The child's end of a comparison: one JSON object a line comes in, one goes out after {@link #MARK}. Each program runs
 * in a process of its own, so that neither memory nor threads of one disturb the other, and computes only when asked.
 */
final class WorkerLoop {
    /** Begins lines that are answers; whatever else an engine prints is not. */
    static final String MARK = "@chaku-compare ";

    static final ObjectMapper JSON = new ObjectMapper();
    static final TypeReference<Map<String, Object>> FIELDS = new TypeReference<>() {};

    /** What a program does with a request. */
    @FunctionalInterface
    interface Handler {
        Map<String, Object> answer(Map<String, Object> request) throws Exception;
    }

    /** What the main method of a program does. */
    @FunctionalInterface
    interface Body {
        void run() throws Exception;
    }

    private WorkerLoop() {}

    /**
     * Runs a program and ends the process with it, threads of the engine included: a fault must not leave it waiting.
     */
    static void run(Body body) {
        int status = 1;
        try {
            body.run();
            status = 0;
        } catch (Exception | Error e) {
            e.printStackTrace(); // the parent shows the end of this log
        } finally {
            System.err.flush();
            Runtime.getRuntime().halt(status);
        }
    }

    /** Says what the program is, then answers until the parent closes the pipe. */
    static void serve(Map<String, Object> greeting, Handler handler) throws Exception {
        say(greeting);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            say(handler.answer(JSON.readValue(line, FIELDS)));
        }
    }

    private static void say(Map<String, Object> fields) throws IOException {
        System.out.println(MARK + JSON.writeValueAsString(fields));
        System.out.flush();
    }
}
