package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which versions of a name stay. What is in production always does; whatever one of the rules keeps, stays. Immutable.
 *
 * @param newest how many of the newest
 * @param best how many of the best, by a metric each
 * @param tagged whether versions with a tag stay, too
 */
public record Retention(int newest, List<Best> best, boolean tagged) {
    /** Checks the number, and copies the list. */
    public Retention {
        if (newest < 0) {
            throw BadInputException.ofSetting("keep", "at least 0", newest);
        }
        best = List.copyOf(best);
    }

    /**
     * The best by a metric; versions that do not have it are none of them.
     *
     * @param metric its name
     * @param count how many
     * @param smallest whether small values are good
     */
    public record Best(String metric, int count, boolean smallest) {
        private static final Pattern TEXT = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*):([0-9]{1,9})(?::(min|max))?");
        private static final Pattern SMALL = Pattern.compile(".*(loss|perplexity|kl|error|difference|seconds|bytes).*");
        private static final Pattern LARGE = Pattern.compile(
                ".*(accuracy|agreement|f1|exact|valid|right|score|recall|precision|win|reward|bleu|rouge|recovery|tokens_per_s).*");

        /**
         * {@return the rule that a text is: {@code eval_loss:2}, or {@code my_metric:2:max} where the name does not
         * tell whether small or large values are good}
         *
         * @param text metric, count and, if need be, min or max
         * @throws BadInputException if it is none
         */
        public static Best parse(String text) {
            Matcher matcher = TEXT.matcher(text);
            if (!matcher.matches()) {
                throw BadInputException.ofSetting(
                        "keep best", "a metric and a number such as eval_loss:2", "'" + text + "'");
            }
            String metric = matcher.group(1);
            int count = Integer.parseInt(matcher.group(2));
            if (matcher.group(3) != null) {
                return new Best(metric, count, matcher.group(3).equals("min"));
            }
            boolean small = SMALL.matcher(metric).matches();
            if (small == LARGE.matcher(metric).matches()) {
                throw BadInputException.ofSetting(
                        "keep best", text + ":min or " + text + ":max, as the name does not tell which is good", text);
            }
            return new Best(metric, count, small);
        }

        private List<Integer> of(List<AdapterVersion> versions) {
            Comparator<AdapterVersion> rising =
                    Comparator.comparing(version -> version.metrics().get(metric));
            return versions.stream()
                    .filter(version -> version.metrics().containsKey(metric))
                    .sorted((smallest ? rising : rising.reversed())
                            .thenComparing(AdapterVersion::number, Comparator.reverseOrder()))
                    .limit(count)
                    .map(AdapterVersion::number)
                    .toList();
        }
    }

    /**
     * The numbers that stay.
     *
     * @param numbers all that are there, rising
     * @param readable of these, what can be read
     */
    Set<Integer> stay(List<Integer> numbers, List<AdapterVersion> readable, Optional<Integer> production) {
        Set<Integer> stay = new TreeSet<>(numbers.subList(Math.max(0, numbers.size() - newest), numbers.size()));
        production.ifPresent(stay::add);
        best.forEach(rule -> stay.addAll(rule.of(readable)));
        if (tagged) {
            readable.stream()
                    .filter(version -> !version.standing().tags().isEmpty())
                    .forEach(version -> stay.add(version.number()));
        }
        return stay;
    }
}
