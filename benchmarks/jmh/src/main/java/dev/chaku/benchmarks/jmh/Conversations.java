package dev.chaku.benchmarks.jmh;

import dev.chaku.data.JsonLines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Generated conversations: a system message, then one to three questions and answers. */
final class Conversations {
    private Conversations() {}

    /** The messages of a typical conversation: three questions and answers. */
    static List<Map<String, Object>> typical() {
        return messages(new GeneratedText(5), 3);
    }

    private static List<Map<String, Object>> messages(GeneratedText text, int turns) {
        List<Map<String, Object>> messages = new ArrayList<>();
        messages.add(Map.of("role", "system", "content", text.sentences(80).strip()));
        for (int i = 0; i < turns; i++) {
            messages.add(Map.of("role", "user", "content", text.sentences(120).strip()));
            messages.add(
                    Map.of("role", "assistant", "content", text.sentences(400).strip()));
        }
        return messages;
    }

    /**
     * A file of conversations, one a line.
     *
     * @param bytes of the messages' contents together, about
     * @return the bytes of their contents, exactly
     */
    static long write(Path file, int bytes) {
        GeneratedText text = new GeneratedText(6);
        Random random = new Random(7);
        List<String> lines = new ArrayList<>();
        long written = 0;
        while (written < bytes) {
            List<Map<String, Object>> messages = messages(text, 1 + random.nextInt(3));
            for (Map<String, Object> message : messages) {
                written += message.get("content").toString().getBytes(StandardCharsets.UTF_8).length;
            }
            lines.add(JsonLines.line(Map.of("messages", messages)));
        }
        try {
            Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return written;
    }
}
