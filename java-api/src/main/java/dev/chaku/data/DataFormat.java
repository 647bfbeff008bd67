package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** How records are laid out; the keys of a record name the format when none is given, the first that fits. */
public enum DataFormat {
    /** Ids made elsewhere: {@code input_ids}, and {@code labels} in which -100 marks what is not trained. */
    TOKENS("input_ids"),
    /**
     * An answer that is preferred to another: {@code chosen} and {@code rejected} after a {@code prompt}, messages or
     * conversations; or OpenAI's {@code preferred_output} and {@code non_preferred_output} after {@code input}.
     */
    PREFERENCE("chosen", "chosen_messages", "preferred_output"),
    /** An answer with a truth value, {@code label} or {@code kto_tag}, in messages or prompt and completion (KTO). */
    LABELLED(),
    /** OpenAI: {@code {"messages": [{"role": …, "content": …}]}}. */
    CHAT("messages"),
    /** ShareGPT: {@code {"conversations": [{"from": …, "value": …}]}}; also utterances with name and text. */
    SHAREGPT("conversations", "conversation", "utterances"),
    /** {@code {"prompt": …, "completion": …}}; also response, answer or output, and question for prompt. */
    PROMPT_COMPLETION("prompt"),
    /** Self-Instruct: {@code {"instruction": …, "instances": [{"input": …, "output": …}]}}. */
    INSTANCES("instances"),
    /** Alpaca: {@code {"instruction": …, "input": …, "output": …}}. */
    ALPACA("instruction"),
    /** A question, choices (choice0, choice1, … or an array) and the index of the right one as label. */
    MULTIPLE_CHOICE(),
    /** A text, sentence or sent with its label, which becomes the completion. */
    CLASSIFICATION(),
    /** {@code {"text": …}}, and text files. */
    TEXT("text");

    private final List<String> keys;

    DataFormat(String... keys) {
        this.keys = List.of(keys);
    }

    /** {@return the name as command lines write it, for instance {@code prompt-completion}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * @param name as {@code label} writes it, in any case
     * @return the format
     * @throws BadInputException for an unknown name
     */
    public static DataFormat parse(String name) {
        Objects.requireNonNull(name, "name");
        return Arrays.stream(values())
                .filter(format -> format.label().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new BadInputException("data format: expected " + known() + ", found '" + name + "'"));
    }

    static Optional<DataFormat> of(Map<?, ?> record) {
        return of(record, Set.of());
    }

    /** The first format that fits and reads all of these columns. */
    static Optional<DataFormat> of(Map<?, ?> record, Set<String> columns) {
        return Arrays.stream(values())
                .filter(format ->
                        format.fits(record) && columns.stream().allMatch(column -> ReadColumns.reads(format, column)))
                .findFirst();
    }

    private boolean fits(Map<?, ?> record) {
        return switch (this) {
            case LABELLED ->
                (record.containsKey("messages") || record.containsKey("conversations") || record.containsKey("prompt"))
                        && (record.get("label") instanceof Boolean || record.get("kto_tag") instanceof Boolean);
            case PROMPT_COMPLETION ->
                record.containsKey("prompt") || record.containsKey("question") && record.containsKey("answer");
            case MULTIPLE_CHOICE ->
                record.containsKey("question") && (record.containsKey("choices") || record.containsKey("choice0"));
            case CLASSIFICATION ->
                record.containsKey("label")
                        && (record.containsKey("text") || record.containsKey("sentence") || record.containsKey("sent"));
            default -> keys.stream().anyMatch(record::containsKey);
        };
    }

    static String known() {
        return Arrays.stream(values()).map(DataFormat::label).collect(Collectors.joining(", "));
    }
}
