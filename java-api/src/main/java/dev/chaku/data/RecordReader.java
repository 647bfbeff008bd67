package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A record to examples; what is missing or wrong is a {@link RecordFault}. */
final class RecordReader {
    private static final String[] CONVERSATION_KEYS = {"conversations", "conversation", "utterances", "messages"};

    private static final int NOT_TRAINED = -100;

    private RecordReader() {}

    /** The examples of a record: one, but for formats with several answers to one instruction. */
    static List<Example> read(@Nullable Object json, @Nullable DataFormat named, ColumnMap columns, String source)
            throws RecordFault {
        if (!(json instanceof Map<?, ?> raw)) {
            throw new RecordFault("expected a JSON object, found " + Fields.kind(json));
        }
        Map<?, ?> record = PlainValue.withoutNulls(columns.apply(raw));
        DataFormat format = named != null ? named : columns.format(record);
        try {
            return examples(record, format, source);
        } catch (BadInputException e) {
            // Examples check themselves, wherever they come from.
            if (e.getCause() instanceof RecordFault fault) {
                throw fault;
            }
            throw e;
        }
    }

    private static List<Example> examples(Map<?, ?> record, DataFormat format, String source) throws RecordFault {
        return switch (format) {
            case TOKENS -> List.of(tokens(record, source));
            case TEXT -> List.of(text(record, source));
            case PROMPT_COMPLETION -> List.of(promptCompletion(record, source));
            case CHAT -> List.of(chat(record, "messages", source));
            case SHAREGPT -> List.of(chat(record, Fields.firstKey(record, CONVERSATION_KEYS), source));
            case ALPACA -> List.of(alpaca(record, record, source));
            case INSTANCES -> instances(record, source);
            case PREFERENCE -> List.of(preference(record, source));
            case LABELLED -> List.of(labelled(record, source));
            case MULTIPLE_CHOICE -> List.of(multipleChoice(record, source));
            case CLASSIFICATION -> List.of(classification(record, source));
        };
    }

    /** The columns of a record that {@link #read} leaves out, under the names that the format sees. */
    static List<String> unread(Map<?, ?> raw, Dataset.Options options) throws RecordFault {
        Map<?, ?> record = PlainValue.withoutNulls(options.columns().apply(raw));
        return ReadColumns.unread(
                record,
                options.format() != null ? options.format() : options.columns().format(record));
    }

    private static Example tokens(Map<?, ?> record, String source) throws RecordFault {
        List<Integer> ids = Fields.integers(record, "input_ids");
        List<Integer> labels = record.containsKey("labels") ? Fields.integers(record, "labels") : ids;
        List<Integer> mask = record.containsKey("attention_mask") ? Fields.integers(record, "attention_mask") : null;
        if (labels.size() != ids.size() || mask != null && mask.size() != ids.size()) {
            throw new RecordFault(
                    "expected as many labels and mask values as the " + ids.size() + " input_ids, found others");
        }
        List<Integer> kept = new ArrayList<>();
        List<Float> weights = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            if (mask == null || mask.get(i) != 0) { // What is masked is padding.
                kept.add(ids.get(i));
                weights.add(labels.get(i) == NOT_TRAINED ? 0f : 1f);
            }
        }
        if (kept.size() < 2) {
            throw new RecordFault("expected at least two input_ids, found " + kept.size());
        }
        return new Example.Tokens(source, kept, weights);
    }

    private static Example text(Map<?, ?> record, String source) throws RecordFault {
        String text = Fields.text(record, "text");
        if (text.isEmpty()) {
            throw new RecordFault("expected a text to train as 'text', found an empty one");
        }
        return new Example.Text(source, text);
    }

    private static Example promptCompletion(Map<?, ?> record, String source) throws RecordFault {
        String prompt = Fields.firstKey(record, "prompt", "question");
        String completion = Fields.firstKey(record, "completion", "response", "answer", "output");
        return new Example.PromptCompletion(source, Fields.text(record, prompt), Fields.text(record, completion));
    }

    private static Example chat(Map<?, ?> record, String key, String source) throws RecordFault {
        Messages messages = Messages.of(record, key);
        return new Example.Chat(source, messages.list(), messages.weights(), Messages.tools(record));
    }

    private static Example alpaca(Map<?, ?> record, Map<?, ?> instance, String source) throws RecordFault {
        String input = Fields.textOrEmpty(instance, "input");
        String asked = Fields.text(record, "instruction") + (input.isEmpty() ? "" : "\n\n" + input);
        List<Map<String, Object>> messages = new ArrayList<>();
        String system = Fields.textOrEmpty(record, "system");
        if (!system.isEmpty()) {
            messages.add(Messages.message("system", system));
        }
        messages.add(Messages.message("user", asked));
        messages.add(
                Messages.message("assistant", Fields.text(instance, Fields.firstKey(instance, "output", "response"))));
        return Example.Chat.of(source, messages, List.of());
    }

    private static List<Example> instances(Map<?, ?> record, String source) throws RecordFault {
        List<Example> examples = new ArrayList<>();
        for (Map<?, ?> instance : Fields.objects(record, "instances")) {
            examples.add(alpaca(record, instance, source));
        }
        if (examples.isEmpty()) {
            throw new RecordFault("expected at least one of 'instances', found none");
        }
        return examples;
    }

    /** What stands before an answer: messages under one of several keys, or a prompt as a text. */
    private static List<Map<String, Object>> prompt(Map<?, ?> record) throws RecordFault {
        if (record.get("input") instanceof Map<?, ?> input) {
            return Messages.of(input, "messages").list();
        }
        String conversation = Fields.firstKey(record, CONVERSATION_KEYS);
        if (record.containsKey(conversation)) {
            return Messages.of(record, conversation).list();
        }
        if (record.get("prompt") instanceof List<?>) {
            return Messages.of(record, "prompt").list();
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        String system = Fields.textOrEmpty(record, "system");
        if (!system.isEmpty()) {
            messages.add(Messages.message("system", system));
        }
        String key = Fields.firstKey(record, "prompt", "question", "instruction");
        messages.add(Messages.message("user", Fields.text(record, key)));
        return messages;
    }

    private static Example preference(Map<?, ?> record, String source) throws RecordFault {
        if (record.containsKey("chosen_messages") || isWhole(record)) {
            return common(record, record.containsKey("chosen_messages") ? "_messages" : "", source);
        }
        boolean openAi = record.containsKey("preferred_output");
        List<Map<String, Object>> chosen = Messages.answer(record, openAi ? "preferred_output" : "chosen");
        List<Map<String, Object>> rejected = Messages.answer(record, openAi ? "non_preferred_output" : "rejected");
        Map<?, ?> holder = record.get("input") instanceof Map<?, ?> input ? input : record;
        return new Example.Preference(source, prompt(record), chosen, rejected, Messages.tools(holder));
    }

    /** Whether chosen and rejected are whole conversations, without a prompt beside them. */
    private static boolean isWhole(Map<?, ?> record) {
        return record.get("chosen") instanceof List<?>
                && !record.containsKey("prompt")
                && !record.containsKey("input")
                && !record.containsKey(Fields.firstKey(record, CONVERSATION_KEYS));
    }

    /** Two whole conversations: what they have in common is the prompt. */
    private static Example common(Map<?, ?> record, String suffix, String source) throws RecordFault {
        List<Map<String, Object>> chosen = Messages.answer(record, "chosen" + suffix);
        List<Map<String, Object>> rejected = Messages.answer(record, "rejected" + suffix);
        int shared = 0;
        int most = Math.min(chosen.size(), rejected.size()) - 1;
        while (shared < most && sameTurn(chosen.get(shared), rejected.get(shared))) {
            shared++;
        }
        return new Example.Preference(
                source,
                chosen.subList(0, shared),
                chosen.subList(shared, chosen.size()),
                rejected.subList(shared, rejected.size()),
                Messages.tools(record));
    }

    private static boolean sameTurn(Map<String, Object> a, Map<String, Object> b) {
        return a.get("role").equals(b.get("role")) && a.get("content").equals(b.get("content"));
    }

    private static Example labelled(Map<?, ?> record, String source) throws RecordFault {
        String key = Fields.firstKey(record, "label", "kto_tag");
        boolean wanted = truth(record, key);
        if (record.containsKey("completion")) {
            return new Example.Labelled(
                    source, prompt(record), Messages.answer(record, "completion"), wanted, Messages.tools(record));
        }
        List<Map<String, Object>> all =
                Messages.of(record, Fields.firstKey(record, CONVERSATION_KEYS)).list();
        if (all.isEmpty() || !"assistant".equals(all.get(all.size() - 1).get("role"))) {
            throw new RecordFault("expected the assistant's answer as the last message, found none");
        }
        int last = all.size() - 1;
        List<Map<String, Object>> answer = all.subList(last, all.size());
        return new Example.Labelled(source, all.subList(0, last), answer, wanted, Messages.tools(record));
    }

    private static boolean truth(Map<?, ?> record, String key) throws RecordFault {
        Object value = record.get(key);
        if (value instanceof Boolean truth) {
            return truth;
        }
        String spelled = String.valueOf(value).toLowerCase(Locale.ROOT);
        return switch (spelled) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw new RecordFault("expected a truth value as '" + key + "', found " + value);
        };
    }

    private static Example multipleChoice(Map<?, ?> record, String source) throws RecordFault {
        List<String> choices = new ArrayList<>();
        if (record.get("choices") instanceof List<?> list) {
            list.forEach(choice -> choices.add(String.valueOf(choice)));
        } else {
            while (record.containsKey("choice" + choices.size())) {
                choices.add(String.valueOf(record.get("choice" + choices.size())));
            }
        }
        int right;
        try {
            right = Integer.parseInt(String.valueOf(record.get("label")));
        } catch (NumberFormatException e) {
            right = -1;
        }
        if (right < 0 || right >= choices.size()) {
            throw new RecordFault("expected the index of one of " + choices.size() + " choices as 'label', found "
                    + record.get("label"));
        }
        StringBuilder asked = new StringBuilder(Fields.text(record, "question"));
        List<String> completions = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
            completions.add(i + ". " + choices.get(i));
            asked.append('\n').append(completions.get(i));
        }
        return new Example.PromptCompletion(source, asked.append('\n').toString(), completions.get(right), completions);
    }

    private static Example classification(Map<?, ?> record, String source) throws RecordFault {
        Object label = record.get("label");
        boolean infinite = label instanceof Double number && number.isInfinite();
        if (label == null || infinite || label instanceof Map || label instanceof List) {
            throw new RecordFault("expected a label, found " + Fields.kind(label));
        }
        String text = Fields.text(record, Fields.firstKey(record, "text", "sentence", "sent"));
        // The prompt ends in a line break so that the label is a token of its own.
        return new Example.PromptCompletion(source, text + "\n", label.toString());
    }
}
