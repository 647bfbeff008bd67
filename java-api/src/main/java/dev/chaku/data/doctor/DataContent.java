package dev.chaku.data.doctor;

import java.util.List;
import java.util.Map;

/**
 * What the examples of a data set are made of, beside their tokens. Arrays are not copied.
 *
 * @param task what the data seem to teach, in a few words
 * @param roles messages of conversations by role
 * @param languages examples by the language of their answer, as far as it can be told
 * @param scripts examples by the script of their answer; answers of a few letters are under none
 * @param labels answers with their counts where answers are labels, else empty
 * @param characterLengths of the examples, ascending
 * @param turns messages per conversation, ascending; empty where there is none
 * @param files in the order in which they were read
 */
public record DataContent(
        String task,
        Map<String, Integer> roles,
        Map<String, Integer> languages,
        Map<String, Integer> scripts,
        Map<String, Integer> labels,
        int[] characterLengths,
        int[] turns,
        List<FilePart> files) {
    /** Nothing. */
    static final DataContent NONE =
            new DataContent("", Map.of(), Map.of(), Map.of(), Map.of(), new int[0], new int[0], List.of());

    /**
     * What came from one file.
     *
     * @param tokens of its sequences, estimated where the whole is
     * @param trainedTokens of those, the ones in the loss
     */
    public record FilePart(String file, int examples, long characters, long tokens, long trainedTokens) {}

    public DataContent {
        roles = Map.copyOf(roles);
        languages = Map.copyOf(languages);
        scripts = Map.copyOf(scripts);
        labels = Map.copyOf(labels);
        files = List.copyOf(files);
    }
}
