package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a version must hold to be promoted. Immutable. */
public sealed interface Gate permits Gate.Bound, Gate.Passed {
    /**
     * {@return the gate that a text is: {@code eval_loss<1.2} for a bound of a metric (also {@code <=}, {@code >} and
     * {@code >=}), {@code verify} for a check that was passed}
     *
     * @param text a bound or the name of a check
     * @throws BadInputException if it is neither
     */
    static Gate parse(String text) {
        Matcher bound = Bound.TEXT.matcher(text);
        if (bound.matches()) {
            return Bound.of(bound);
        }
        if (text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            return new Passed(text);
        }
        throw BadInputException.ofSetting(
                "require", "a bound such as 'eval_loss<1.2' or the name of a check such as verify", "'" + text + "'");
    }

    /** {@return the gate as a text} */
    String text();

    /**
     * {@return what is wrong with a version, as expected and found; empty if it holds the gate}
     *
     * @param version to be promoted
     */
    Optional<String> fault(AdapterVersion version);

    /**
     * A metric that must be on one side of a number.
     *
     * @param metric its name
     * @param comparison {@code <}, {@code <=}, {@code >} or {@code >=}
     * @param bound the number
     */
    record Bound(String metric, String comparison, double bound) implements Gate {
        private static final Pattern TEXT = Pattern.compile(
                "\\s*([A-Za-z0-9][A-Za-z0-9._-]*)\\s*(<=|>=|<|>)\\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\\s*");

        private static Bound of(Matcher text) {
            try {
                return new Bound(text.group(1), text.group(2), Double.parseDouble(text.group(3)));
            } catch (NumberFormatException e) {
                throw BadInputException.ofSetting(
                        "require", "a number after " + text.group(2), "'" + text.group(3) + "'");
            }
        }

        @Override
        public String text() {
            return metric + comparison + number(bound);
        }

        @Override
        public Optional<String> fault(AdapterVersion version) {
            Double found = version.metrics().get(metric);
            if (found != null && holds(found)) {
                return Optional.empty();
            }
            return Optional.of("gate " + text() + ": expected " + metric + " " + words() + " " + number(bound)
                    + ", found " + (found == null ? "no such metric" : number(found)));
        }

        private boolean holds(double value) {
            return switch (comparison) {
                case "<" -> value < bound;
                case "<=" -> value <= bound;
                case ">" -> value > bound;
                default -> value >= bound;
            };
        }

        private String words() {
            return switch (comparison) {
                case "<" -> "below";
                case "<=" -> "at most";
                case ">" -> "above";
                default -> "at least";
            };
        }

        private static String number(double value) {
            return value == Math.rint(value) && Math.abs(value) < 1e15
                    ? Long.toString((long) value)
                    : Double.toString(value);
        }
    }

    /**
     * A check that must have been passed the last time it was done.
     *
     * @param check its name
     */
    record Passed(String check) implements Gate {
        @Override
        public String text() {
            return check;
        }

        @Override
        public Optional<String> fault(AdapterVersion version) {
            Optional<Check> done = version.check(check);
            if (done.filter(Check::passed).isPresent()) {
                return Optional.empty();
            }
            return Optional.of("gate " + check + ": expected the check " + check + " to be passed, found "
                    + done.map(failed -> "it failed on " + failed.at()).orElse("it was not done"));
        }
    }
}
