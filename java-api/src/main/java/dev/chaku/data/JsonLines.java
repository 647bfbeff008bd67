package dev.chaku.data;

import dev.chaku.internal.json.JsonText;
import dev.chaku.io.FileDraft;
import dev.chaku.io.NewFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Writes examples as JSON lines, each kind in one layout that {@link Dataset#read(Path)} reads as the same example. */
public final class JsonLines {
    private JsonLines() {}

    /**
     * Writes a new file, whole or not at all; gzipped if its name ends in {@code .gz}.
     *
     * @param examples in their order
     * @param file the file to write
     * @throws dev.chaku.errors.BadInputException if the file exists or cannot be written
     * @throws dev.chaku.errors.ResourceException if the disk is full
     */
    public static void write(List<Example> examples, Path file) {
        write(examples, NewFile.at(file));
    }

    /**
     * The same to a file that may say more: whether it may replace one, and what it may not.
     *
     * @param examples in their order
     * @param file the file to write
     */
    public static void write(List<Example> examples, NewFile file) {
        Objects.requireNonNull(examples, "examples");
        Objects.requireNonNull(file, "file");
        try (FileDraft draft = file.begin()) {
            examples.forEach(example -> draft.line(line(example)));
            draft.place();
        }
    }

    /**
     * {@return the example as one JSON object, without a line's end}
     *
     * @param example of any kind
     */
    public static String line(Example example) {
        return text(record(example));
    }

    /**
     * {@return a record of plain Java values as one JSON object, without a line's end}
     *
     * @param record plain Java values: maps, lists, strings, numbers, truth values and null
     */
    public static String line(Map<String, ?> record) {
        return text(record);
    }

    static Map<String, Object> record(Example example) {
        Map<String, Object> record = new LinkedHashMap<>();
        if (example instanceof Example.Text text) {
            record.put("text", text.text());
        } else if (example instanceof Example.Tokens tokens) {
            List<Object> labels = new ArrayList<>();
            for (int i = 0; i < tokens.ids().size(); i++) {
                labels.add(tokens.weights().get(i) > 0 ? tokens.ids().get(i) : -100);
            }
            record.put("input_ids", tokens.ids());
            record.put("labels", labels);
        } else if (example instanceof Example.PromptCompletion pair) {
            record.put("prompt", pair.prompt());
            record.put("completion", pair.completion());
        } else if (example instanceof Example.Chat chat) {
            List<Object> messages = new ArrayList<>();
            for (int i = 0; i < chat.messages().size(); i++) {
                messages.add(weighted(chat.messages().get(i), chat.weights().get(i)));
            }
            record.put("messages", messages);
            tools(record, chat.tools());
        } else if (example instanceof Example.Preference pair) {
            record.put("prompt", pair.prompt());
            record.put("chosen", pair.chosen());
            record.put("rejected", pair.rejected());
            tools(record, pair.tools());
        } else if (example instanceof Example.Labelled labelled) {
            record.put("prompt", labelled.prompt());
            record.put("completion", labelled.answer());
            record.put("label", labelled.wanted());
            tools(record, labelled.tools());
        }
        return record;
    }

    private static Map<String, Object> weighted(Map<String, Object> message, float weight) {
        Map<String, Object> copy = new LinkedHashMap<>(message);
        if ("assistant".equals(message.get("role")) && weight != 1) {
            copy.put("weight", weight);
        }
        return copy;
    }

    private static void tools(Map<String, Object> record, List<Object> tools) {
        if (!tools.isEmpty()) {
            record.put("tools", tools);
        }
    }

    /** JSON of maps, lists, strings, numbers, truth values and null. */
    static String text(Object value) {
        return JsonText.of(value);
    }
}
