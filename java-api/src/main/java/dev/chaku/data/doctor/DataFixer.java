package dev.chaku.data.doctor;

import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.data.JsonLines;
import dev.chaku.internal.data.DigestTable;
import dev.chaku.internal.data.TextDigest;
import dev.chaku.io.FileDraft;
import dev.chaku.io.NewFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a mended copy of a data set; the original stays as it is. Left out are copies, examples with an empty answer,
 * conversations without a question and pairs without a difference; taken out of texts are control and invisible
 * characters. What takes judgement (secrets, contradictions, balance) is left to people.
 */
public final class DataFixer {
    /**
     * What was done.
     *
     * @param written examples in the new file
     * @param copies left out
     * @param unusable left out because there is no answer, no question or no difference
     * @param cleaned examples with characters taken out
     */
    public record Result(int written, int copies, int unusable, int cleaned) {}

    private DataFixer() {}

    /**
     * Writes the mended examples as JSON lines.
     *
     * @param data the data set
     * @param file the file to write
     * @return what was done
     * @throws dev.chaku.errors.BadInputException if the file exists or cannot be written
     */
    public static Result fix(Dataset data, Path file) {
        return fix(data, NewFile.at(file));
    }

    /**
     * {@return the same to a file that may say more: whether it may replace one, and what it may not}
     *
     * @param data the data set
     * @param file the file to write
     */
    public static Result fix(Dataset data, NewFile file) {
        DigestTable seen = new DigestTable();
        int written = 0;
        int copies = 0;
        int unusable = 0;
        int cleaned = 0;
        try (FileDraft draft = file.begin()) {
            for (Example example : data.examples()) {
                Example clean = clean(example);
                Sample sample = Sample.of(clean);
                if (isUnusable(sample)) {
                    unusable++;
                } else if (seen.putIfAbsent(TextDigest.of(DuplicateCheck.key(sample)), written) >= 0) {
                    copies++;
                } else {
                    cleaned += clean.equals(example) ? 0 : 1;
                    draft.line(JsonLines.line(clean));
                    written++;
                }
            }
            draft.place();
        }
        return new Result(written, copies, unusable, cleaned);
    }

    private static boolean isUnusable(Sample sample) {
        List<Map<String, Object>> messages = sample.messages();
        boolean calls = messages.stream().anyMatch(m -> m.containsKey("tool_calls") || m.containsKey("function_call"));
        boolean unasked = !messages.isEmpty()
                && messages.stream().noneMatch(m -> Sample.role(m).equals("user"));
        boolean equal = sample.example() instanceof Example.Preference pair
                && pair.chosen().equals(pair.rejected());
        return !calls && sample.answer().isBlank() || unasked || equal;
    }

    private static Example clean(Example example) {
        if (example instanceof Example.Text text) {
            return new Example.Text(text.source(), clean(text.text()));
        }
        if (example instanceof Example.Tokens) {
            return example;
        }
        if (example instanceof Example.PromptCompletion pair) {
            return new Example.PromptCompletion(pair.source(), clean(pair.prompt()), clean(pair.completion()));
        }
        if (example instanceof Example.Preference pair) {
            return new Example.Preference(
                    pair.source(), clean(pair.prompt()), clean(pair.chosen()), clean(pair.rejected()), pair.tools());
        }
        if (example instanceof Example.Labelled labelled) {
            return new Example.Labelled(
                    labelled.source(),
                    clean(labelled.prompt()),
                    clean(labelled.answer()),
                    labelled.wanted(),
                    labelled.tools());
        }
        Example.Chat chat = (Example.Chat) example;
        return new Example.Chat(chat.source(), clean(chat.messages()), chat.weights(), chat.tools());
    }

    private static List<Map<String, Object>> clean(List<Map<String, Object>> messages) {
        List<Map<String, Object>> cleaned = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>(message);
            if (message.get("content") instanceof String text) {
                copy.put("content", clean(text));
            }
            cleaned.add(copy);
        }
        return cleaned;
    }

    private static String clean(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.chars().filter(c -> !CharacterCheck.isOdd((char) c)).forEach(c -> clean.append((char) c));
        return clean.toString();
    }
}
