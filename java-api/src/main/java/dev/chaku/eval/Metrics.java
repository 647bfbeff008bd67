package dev.chaku.eval;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.eval.measure.TextLikeness;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Collectors;

/** The metrics of the library. All are from 0 to 1, and thread-safe. */
public final class Metrics {
    private static final List<Metric> NAMED =
            List.of(exactMatch(), labelAccuracy(), f1(), rougeL(), chrF(), jsonValid(), jsonFields());

    private Metrics() {}

    private record Comparing(String name, ToDoubleBiFunction<String, String> score) implements Metric {
        @Override
        public double score(Answer answer) {
            return score.applyAsDouble(answer.text(), answer.reference());
        }
    }

    private record OfFields(String name, Function<Answer, Double> whole, Function<Answer, Map<String, Double>> each)
            implements Metric {
        @Override
        public double score(Answer answer) {
            return whole.apply(answer);
        }

        @Override
        public Map<String, Double> parts(Answer answer) {
            return each.apply(answer);
        }
    }

    /** {@return 1 for an answer that is the reference, but for white space at the ends} */
    public static Metric exactMatch() {
        return new Comparing(
                "exact_match",
                (text, reference) -> TextLikeness.trimmed(text).equals(TextLikeness.trimmed(reference)) ? 1 : 0);
    }

    /**
     * {@return 1 for an answer whose first line has the words of the reference} Case, punctuation and what comes in
     * later lines count for nothing, as of a label.
     */
    public static Metric labelAccuracy() {
        return new Comparing(
                "label_accuracy",
                (text, reference) -> TextLikeness.label(text).equals(TextLikeness.label(reference)) ? 1 : 0);
    }

    /** {@return F1 of the words of answer and reference; a character is a word in scripts without spaces} */
    public static Metric f1() {
        return new Comparing("f1", TextLikeness::f1);
    }

    /** {@return F1 of the longest common subsequence of words (ROUGE-L)} */
    public static Metric rougeL() {
        return new Comparing("rouge_l", TextLikeness::rougeL);
    }

    /** {@return chrF, the F-score of n-grams of 1 to 6 characters with beta 2, of each answer by itself} */
    public static Metric chrF() {
        return new Comparing("chrf", TextLikeness::chrF);
    }

    /** {@return 1 for an answer that is a JSON value and nothing else} */
    public static Metric jsonValid() {
        return new Comparing("json_valid", (text, reference) -> JsonAnswers.isValid(text) ? 1 : 0);
    }

    /**
     * {@return the share of the reference's fields whose values the answer has} References must be JSON objects; its
     * parts are the fields. Fields that the answer has beyond them count as wrong ones.
     */
    public static Metric jsonFields() {
        return new OfFields("json_fields", JsonAnswers::share, JsonAnswers::fields);
    }

    /**
     * {@return 1 for an answer that is JSON and valid by a JSON Schema} Its parts are the properties of the schema: the
     * share of answers whose value for it is valid, of those that have one, or must have.
     *
     * @param schema JSON Schema, draft 2020-12 or 7
     * @throws BadInputException if it is none, or has a keyword that {@link dev.chaku.generate.OutputForm.JsonSchema}
     *     refuses
     */
    public static Metric jsonSchema(String schema) {
        return new SchemaMetric(Objects.requireNonNull(schema, "schema"));
    }

    /**
     * {@return the metric of a name}
     *
     * @param name such as {@code exact_match}
     * @throws BadInputException if there is none
     */
    public static Metric named(String name) {
        Objects.requireNonNull(name, "name");
        return NAMED.stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        BadInputException.ofSetting("metrics", "one of " + names() + ", or a class", "'" + name + "'"));
    }

    /** {@return the names of all, with commas between them} */
    public static String names() {
        return NAMED.stream().map(Metric::name).collect(Collectors.joining(", "));
    }

    /**
     * {@return metrics that suit answers of the kind that references are: of a few labels, of JSON objects, or of other
     * texts} The first is the one to decide by.
     *
     * @param references the answers of a data set
     */
    public static List<Metric> suited(List<String> references) {
        long labels = references.stream().map(TextLikeness::label).distinct().count();
        boolean areShort = references.stream()
                .allMatch(text -> text.length() <= 64 && text.strip().indexOf('\n') < 0);
        if (areShort && labels <= 20 && 2 * labels <= references.size()) {
            return List.of(labelAccuracy(), exactMatch());
        }
        if (!references.isEmpty() && references.stream().allMatch(JsonAnswers::isObject)) {
            return List.of(jsonFields(), jsonValid(), exactMatch());
        }
        return List.of(f1(), exactMatch(), rougeL(), chrF());
    }
}
