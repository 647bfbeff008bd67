package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an option says that takes a number for all, numbers by pattern, or both: {@code 16,ffn_down=32}.
 *
 * @param usual null if none was given
 * @param byPattern in the order in which they were given
 */
record PatternNumbers(@Nullable Double usual, Map<String, Double> byPattern) {
    /**
     * Reads an option; where it is given again, the last says what counts, as with others.
     *
     * @param option its name without dashes, for messages
     * @param given each time that it was given
     * @param whole whether numbers must be whole
     * @throws BadInputException if a part is no number, or says again what is said
     */
    static PatternNumbers parse(String option, @Nullable List<String> given, boolean whole) {
        Double usual = null;
        Map<String, Double> byPattern = new LinkedHashMap<>();
        for (String one : given == null ? List.<String>of() : given) {
            Double usualHere = null;
            Map<String, Double> here = new LinkedHashMap<>();
            for (String part : one.split(",", -1)) {
                int equals = part.lastIndexOf('=');
                double number = number(option, part, part.substring(equals + 1), whole);
                boolean again = equals < 0 ? usualHere != null : here.put(part.substring(0, equals), number) != null;
                if (again) {
                    throw BadInputException.ofSetting(option, "each once", "'" + part + "' after another");
                }
                usualHere = equals < 0 ? Double.valueOf(number) : usualHere;
            }
            usual = usualHere != null ? usualHere : usual;
            byPattern.putAll(here);
        }
        return new PatternNumbers(usual, byPattern);
    }

    private static double number(String option, String part, String text, boolean whole) {
        try {
            return whole ? Integer.parseInt(text.strip()) : Double.parseDouble(text.strip());
        } catch (NumberFormatException e) {
            throw BadInputException.ofSetting(
                    option, (whole ? "a whole number" : "a number") + " or PATTERN=NUMBER", "'" + part + "'");
        }
    }

    /** The numbers by pattern as whole ones. */
    Map<String, Integer> wholeByPattern() {
        Map<String, Integer> whole = new LinkedHashMap<>();
        byPattern.forEach((pattern, number) -> whole.put(pattern, number.intValue()));
        return whole;
    }
}
