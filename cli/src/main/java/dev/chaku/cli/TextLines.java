package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Files with a text a line: JSON strings, or JSON objects with the text under {@code text}. Empty lines are none. */
final class TextLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TextLines() {}

    /** @throws BadInputException names the line that is neither, or a file without any */
    static List<String> read(Path file) {
        List<String> texts = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            String line;
            for (int number = 1; (line = reader.readLine()) != null; number++) {
                if (!line.isBlank()) {
                    texts.add(text(file + ":" + number, line));
                }
            }
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        if (texts.isEmpty()) {
            throw new BadInputException(file + ": expected a text a line, found none");
        }
        return texts;
    }

    private static String text(String where, String line) {
        JsonNode node;
        try {
            node = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    where + ": expected a JSON string, or an object with the text under \"text\", found other signs",
                    e);
        }
        JsonNode text = node.isObject() ? node.path("text") : node;
        if (!text.isTextual()) {
            throw new BadInputException(
                    where + ": expected a JSON string, or an object with the text under \"text\", found " + kind(node));
        }
        return text.asText();
    }

    private static String kind(JsonNode node) {
        return node.isObject() ? "an object without it" : "another value";
    }
}
