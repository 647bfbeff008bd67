package dev.chaku.eval;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Answers that are JSON. */
final class JsonAnswers {
    private JsonAnswers() {}

    static boolean isValid(String text) {
        try {
            JsonValues.parse(text.strip());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static boolean isObject(String text) {
        return object(text).isPresent();
    }

    private static Optional<Map<?, ?>> object(String text) {
        try {
            return JsonValues.parse(text.strip()) instanceof Map<?, ?> map ? Optional.of(map) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The share of fields that agree, of all that reference or answer have. */
    static double share(Answer answer) {
        Map<String, Double> fields = fields(answer);
        Map<?, ?> found = object(answer.text()).orElse(Map.of());
        long others = found.keySet().stream()
                .filter(key -> !fields.containsKey(key.toString()))
                .count();
        double all = fields.size() + others;
        if (all == 0) {
            return isObject(answer.text()) ? 1 : 0;
        }
        return fields.values().stream().mapToDouble(Double::doubleValue).sum() / all;
    }

    /** 1 or 0 for each field of the reference. */
    static Map<String, Double> fields(Answer answer) {
        Map<?, ?> expected = object(answer.reference())
                .orElseThrow(() -> new BadInputException(answer.source()
                        + ": json_fields expects JSON objects as references, found " + excerpt(answer.reference())));
        Map<?, ?> found = object(answer.text()).orElse(Map.of());
        Map<String, Double> scores = new LinkedHashMap<>();
        expected.forEach((key, value) ->
                scores.put(key.toString(), found.containsKey(key) && isSame(value, found.get(key)) ? 1.0 : 0.0));
        return scores;
    }

    private static String excerpt(String text) {
        return "'" + (text.length() <= 40 ? text : text.substring(0, 40) + "…") + "'";
    }

    /** Equal as JSON: numbers by their value, objects whatever the order of their keys. */
    private static boolean isSame(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return decimal(x).compareTo(decimal(y)) == 0;
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.keySet().equals(y.keySet()) && x.keySet().stream().allMatch(key -> isSame(x.get(key), y.get(key)));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            if (x.size() != y.size()) {
                return false;
            }
            for (int i = 0; i < x.size(); i++) {
                if (!isSame(x.get(i), y.get(i))) {
                    return false;
                }
            }
            return true;
        }
        return Objects.equals(a, b);
    }

    private static BigDecimal decimal(Number number) {
        return new BigDecimal(number.toString());
    }
}
