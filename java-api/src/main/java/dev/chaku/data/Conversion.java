package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Writes examples in another layout. What the layout has no place for is named, never dropped silently. Stateless but
 * for the layout, and thread-safe.
 *
 * <p>Columns that no format reads are carried over beside the layout's own, so that numbers and notes stay with their
 * record; those whose name means something to a format are not, since they would make another example of the record.
 */
public final class Conversion {
    /** Layouts that can be written. */
    public static final List<DataFormat> TARGETS = List.of(
            DataFormat.CHAT,
            DataFormat.PROMPT_COMPLETION,
            DataFormat.ALPACA,
            DataFormat.SHAREGPT,
            DataFormat.TEXT,
            DataFormat.PREFERENCE,
            DataFormat.LABELLED);

    private static final Set<String> PLAIN_MESSAGE = Set.of("role", "content");

    /**
     * An example in the new layout.
     *
     * @param records one, or two for a preference pair as labelled answers; none if the layout cannot hold the example
     * @param lost what they do not say any more, in a few words each; empty if they say all
     */
    public record Converted(List<Map<String, Object>> records, List<String> lost) {}

    private final DataFormat target;

    /**
     * @param target the format to write
     * @throws BadInputException if the layout can be read but not be written
     */
    public Conversion(DataFormat target) {
        Objects.requireNonNull(target, "target");
        if (!TARGETS.contains(target)) {
            throw new BadInputException("data format: expected one that can be written, "
                    + String.join(", ", TARGETS.stream().map(DataFormat::label).toList()) + ", found "
                    + target.label());
        }
        this.target = target;
    }

    /**
     * Converts the examples of a record, each by itself.
     *
     * @param entry a record as its file has it
     * @return one a converted example, in order
     */
    public List<Converted> convert(DataRecords.Entry entry) {
        List<Converted> converted = new ArrayList<>();
        for (Example example : entry.examples()) {
            converted.add(convert(example, entry));
        }
        return converted;
    }

    private Converted convert(Example example, DataRecords.Entry entry) {
        List<String> lost = new ArrayList<>();
        List<Map<String, Object>> records = records(example, lost);
        for (String column : entry.unread()) {
            if (ReadColumns.hasMeaning(column)) {
                lost.add("column '" + column + "'");
            } else {
                records.forEach(record -> record.put(column, entry.fields().get(column)));
            }
        }
        return new Converted(records, lost);
    }

    private List<Map<String, Object>> records(Example example, List<String> lost) {
        if (target == DataFormat.PREFERENCE || target == DataFormat.LABELLED) {
            return compared(example, lost);
        }
        if (target == DataFormat.TEXT) {
            return text(example, lost);
        }
        if (example instanceof Example.Preference) {
            lost.add("the answer that is not preferred");
        } else if (example instanceof Example.Labelled) {
            lost.add("whether the answer is wanted");
        } else if (example instanceof Example.Text || example instanceof Example.Tokens) {
            lost.add("all of a text without prompt and answer");
            return List.of();
        }
        Example.Chat chat = conversation(example);
        return switch (target) {
            case CHAT -> List.of(JsonLines.record(chat));
            case SHAREGPT -> List.of(new ShareGptLayout(lost).record(chat));
            default -> pair(example, chat, lost);
        };
    }

    /** The example as one conversation. */
    private static Example.Chat conversation(Example example) {
        if (example instanceof Example.Chat chat) {
            return chat;
        }
        if (example instanceof Example.Preference pair) {
            return pair.chosenChat();
        }
        if (example instanceof Example.Labelled labelled) {
            return labelled.chat();
        }
        Example.PromptCompletion pair = (Example.PromptCompletion) example;
        return Example.Chat.of(
                pair.source(),
                List.of(Messages.message("user", pair.prompt()), Messages.message("assistant", pair.completion())),
                List.of());
    }

    /** Alpaca, and prompt with completion: one question and one answer. */
    private List<Map<String, Object>> pair(Example example, Example.Chat chat, List<String> lost) {
        Map<String, Object> record = new LinkedHashMap<>();
        boolean alpaca = target == DataFormat.ALPACA;
        if (example instanceof Example.PromptCompletion pair && !alpaca) {
            return List.of(JsonLines.record(pair));
        }
        List<Map<String, Object>> messages = new ArrayList<>(chat.messages());
        String system = "";
        if (!messages.isEmpty() && messages.get(0).get("role").equals("system")) {
            system = content(messages.remove(0));
        }
        int last = messages.size() - 1;
        boolean answered = last >= 1 && messages.get(last).get("role").equals("assistant");
        if (!answered || !messages.get(last - 1).get("role").equals("user")) {
            lost.add("a conversation that does not end with a question of the user and an answer");
            return List.of();
        }
        if (last > 1) {
            lost.add("turns before the last question");
        }
        if (!system.isEmpty() && !alpaca) {
            lost.add("the system message");
        }
        plain(messages.subList(last - 1, last + 1), chat, lost);
        record.put(alpaca ? "instruction" : "prompt", content(messages.get(last - 1)));
        if (alpaca) {
            record.put("input", "");
        }
        record.put(alpaca ? "output" : "completion", content(messages.get(last)));
        if (!system.isEmpty() && alpaca) {
            record.put("system", system);
        }
        return List.of(record);
    }

    /** Names what messages have beside role and content, and a weight that the layout cannot say. */
    private static void plain(List<Map<String, Object>> messages, Example.Chat chat, List<String> lost) {
        if (messages.stream().anyMatch(m -> !PLAIN_MESSAGE.containsAll(m.keySet()))) {
            lost.add("fields of messages beside role and content");
        }
        if (chat.weights().get(chat.weights().size() - 1) != 1) {
            lost.add("weights of messages");
        }
        if (!chat.tools().isEmpty()) {
            lost.add("descriptions of tools");
        }
    }

    private static List<Map<String, Object>> text(Example example, List<String> lost) {
        if (example instanceof Example.Text text) {
            return List.of(JsonLines.record(text));
        }
        if (example instanceof Example.Tokens) {
            lost.add("all of an example that has tokens and no text");
            return List.of();
        }
        Map<String, Object> record = new LinkedHashMap<>();
        lost.add("which part is the answer");
        if (example instanceof Example.PromptCompletion pair) {
            record.put("text", pair.prompt() + pair.completion());
            return List.of(record);
        }
        if (example instanceof Example.Preference) {
            lost.add("the answer that is not preferred");
        } else if (example instanceof Example.Labelled) {
            lost.add("whether the answer is wanted");
        }
        Example.Chat chat = conversation(example);
        plain(chat.messages(), chat, lost);
        lost.add("the roles of messages");
        record.put(
                "text",
                String.join(
                        "\n\n",
                        chat.messages().stream().map(Conversion::content).toList()));
        return List.of(record);
    }

    /** Preference pairs and labelled answers: neither can be made of a single answer. */
    private List<Map<String, Object>> compared(Example example, List<String> lost) {
        if (target == DataFormat.PREFERENCE && example instanceof Example.Preference
                || target == DataFormat.LABELLED && example instanceof Example.Labelled) {
            return List.of(JsonLines.record(example));
        }
        if (target == DataFormat.LABELLED && example instanceof Example.Preference pair) {
            return List.of(
                    JsonLines.record(
                            new Example.Labelled(pair.source(), pair.prompt(), pair.chosen(), true, pair.tools())),
                    JsonLines.record(
                            new Example.Labelled(pair.source(), pair.prompt(), pair.rejected(), false, pair.tools())));
        }
        lost.add(
                target == DataFormat.LABELLED
                        ? "all of an example that does not say whether the answer is wanted"
                        : "all of an example without two answers to compare");
        return List.of();
    }

    static String content(Map<String, Object> message) {
        return message.get("content") instanceof String text ? text : "";
    }
}
