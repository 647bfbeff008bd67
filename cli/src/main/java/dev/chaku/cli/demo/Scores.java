package dev.chaku.cli.demo;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * How good answers are.
 *
 * @param answers number of answers
 * @param valid answers that are exactly one JSON object with the three keys, in the question's language, polite in
 *     Japanese
 * @param right answers that state the fact, valid or not
 */
public record Scores(int answers, int valid, int right) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    private static final Set<String> KEYS = Set.of("lang", "topic", "answer");

    static Scores of(List<Question> questions, List<String> answers) {
        int valid = 0;
        int right = 0;
        for (int i = 0; i < answers.size(); i++) {
            valid += isValid(questions.get(i), answers.get(i)) ? 1 : 0;
            right += answers.get(i).contains(questions.get(i).fact()) ? 1 : 0;
        }
        return new Scores(answers.size(), valid, right);
    }

    public double validShare() {
        return (double) valid / answers;
    }

    public double rightShare() {
        return (double) right / answers;
    }

    static boolean isValid(Question question, String answer) {
        JsonNode node;
        try {
            node = JSON.readTree(answer.strip());
        } catch (JsonProcessingException e) {
            return false;
        }
        if (node == null || !node.isObject() || !keys(node).equals(KEYS)) {
            return false;
        }
        boolean texts = node.get("lang").isTextual()
                && node.get("topic").isTextual()
                && node.get("answer").isTextual();
        String said = node.get("answer").asText();
        boolean polite = question.language() == World.Language.EN || said.endsWith("です。") || said.endsWith("ます。");
        return texts && node.get("lang").asText().equals(question.language().code()) && polite;
    }

    private static Set<String> keys(JsonNode node) {
        Set<String> keys = new TreeSet<>();
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            keys.add(names.next());
        }
        return keys;
    }
}
