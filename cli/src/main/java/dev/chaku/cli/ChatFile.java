package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.chat.Message;
import dev.chaku.data.JsonLines;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A conversation as a file: one line of a data set of conversations, which a model can be trained on. */
final class ChatFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ChatFile() {}

    /** The conversation as JSON has it. */
    static Map<String, Object> fields(List<Message> messages) {
        List<Object> all = new ArrayList<>();
        for (Message message : messages) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("role", role(message));
            fields.put("content", message.text());
            if (message instanceof Message.Assistant assistant
                    && !assistant.reasoning().isEmpty()) {
                fields.put("reasoning_content", assistant.reasoning());
            }
            all.add(fields);
        }
        return Map.of("messages", all);
    }

    private static String role(Message message) {
        return message instanceof Message.System ? "system" : message instanceof Message.User ? "user" : "assistant";
    }

    /** Writes a new file. */
    static void write(Path file, List<Message> messages) {
        try (FileDraft draft = NewFile.at(file).begin()) {
            draft.line(JsonLines.line(fields(messages)));
            draft.place();
        }
    }

    /** Reads the first conversation of a file. */
    static List<Message> read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": expected a file with a conversation, found "
                    + (Files.exists(file) ? "a folder" : "none"));
        }
        JsonNode root;
        try {
            root = JSON.readTree(Files.readString(file).lines().findFirst().orElse(""));
        } catch (JsonProcessingException e) {
            throw new BadInputException(file + ": line 1: expected a JSON object, found something else", e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        JsonNode list = root.path("messages");
        if (!list.isArray()) {
            throw new BadInputException(file + ": line 1: expected an object with a list of messages, found none");
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode node : list) {
            String where = file + ": line 1: messages[" + messages.size() + "]";
            messages.add(message(where, node));
        }
        return messages;
    }

    private static Message message(String where, JsonNode node) {
        JsonNode content = node.path("content");
        if (!content.isTextual()) {
            throw new BadInputException(where + ": expected a text as content, found " + content.getNodeType());
        }
        String text = content.asText();
        return switch (node.path("role").asText()) {
            case "system" -> Message.system(text);
            case "user" -> Message.user(text);
            case "assistant" ->
                new Message.Assistant(text, node.path("reasoning_content").asText(""), List.of());
            default ->
                throw new BadInputException(
                        where + ": expected the role system, user or assistant, found " + node.path("role"));
        };
    }
}
