package dev.chaku.data;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Which columns of a record each format reads; what else a record has goes into no example. */
final class ReadColumns {
    private static final Set<String> CONVERSATIONS = Set.of("messages", "conversations", "conversation", "utterances");
    private static final Set<String> PROMPTS = Set.of("prompt", "question", "instruction", "system", "input", "tools");
    private static final Set<String> ANSWERS = Set.of("completion", "response", "answer", "output");
    private static final Pattern CHOICE = Pattern.compile("choice[0-9]+");
    private static final Map<DataFormat, Set<String>> READ = new EnumMap<>(DataFormat.class);
    private static final Set<String> ALL = new HashSet<>();

    static {
        for (DataFormat format : DataFormat.values()) {
            Set<String> read = new HashSet<>();
            of(format).forEach(read::addAll);
            READ.put(format, Set.copyOf(read));
            ALL.addAll(read);
        }
    }

    private ReadColumns() {}

    private static List<Set<String>> of(DataFormat format) {
        return switch (format) {
            case TOKENS -> List.of(Set.of("input_ids", "labels", "attention_mask"));
            case PREFERENCE ->
                List.of(
                        CONVERSATIONS,
                        PROMPTS,
                        Set.of(
                                "chosen",
                                "rejected",
                                "chosen_messages",
                                "rejected_messages",
                                "preferred_output",
                                "non_preferred_output"));
            case LABELLED -> List.of(CONVERSATIONS, PROMPTS, Set.of("label", "kto_tag", "completion"));
            case CHAT, SHAREGPT -> List.of(CONVERSATIONS, Set.of("system", "tools"));
            case PROMPT_COMPLETION -> List.of(Set.of("prompt", "question"), ANSWERS);
            case INSTANCES -> List.of(Set.of("instruction", "instances", "system"));
            case ALPACA -> List.of(Set.of("instruction", "input", "system", "output", "response"));
            case MULTIPLE_CHOICE -> List.of(Set.of("question", "choices", "label"));
            case CLASSIFICATION -> List.of(Set.of("text", "sentence", "sent", "label"));
            case TEXT -> List.of(Set.of("text"));
        };
    }

    /** The columns that a format leaves unread, in order. */
    static List<String> unread(Map<?, ?> record, DataFormat format) {
        List<String> unread = new ArrayList<>();
        for (Object key : record.keySet()) {
            if (!reads(format, key.toString())) {
                unread.add(key.toString());
            }
        }
        return unread;
    }

    /** Whether a format reads a column of this name. */
    static boolean reads(DataFormat format, String column) {
        boolean choice =
                format == DataFormat.MULTIPLE_CHOICE && CHOICE.matcher(column).matches();
        return choice || READ.get(format).contains(column);
    }

    /** Whether any format reads a column of this name: then it means something beside the columns of another format. */
    static boolean hasMeaning(String column) {
        return ALL.contains(column) || CHOICE.matcher(column).matches();
    }
}
