package dev.chaku.data.doctor;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Examines data sets before they are trained on: defects that stop training, that teach what is wrong, that waste time
 * or give away what is confidential. Nothing is changed; {@link DataFixer} writes a mended copy. Thread-safe.
 *
 * <p>Every example is looked at once, by all checks; a check keeps at most some 200 bytes of it in memory, and half a
 * kilobyte in a scratch file where the data are many.
 */
public final class DataDoctor {
    private static final int FEWEST_EXAMPLES = 10;
    private static final int FEW_EXAMPLES = 50;

    /**
     * What is to be examined.
     *
     * @param data the training data
     * @param test data that must not be among them, or null
     * @param tokenizer of the model that is to be trained, or null: lengths are then estimated
     * @param chat its chat template, or null
     * @param maxLength longest sequence that is to be trained, in tokens
     * @param unreadColumns columns of the files that go into no example, with the number of records that have them; see
     *     {@link Dataset#unreadColumns}
     * @param parseSpecial whether training will read special tokens that texts spell as such
     */
    public record Request(
            Dataset data,
            @Nullable Dataset test,
            @Nullable Tokenizer tokenizer,
            @Nullable ChatRenderer chat,
            int maxLength,
            Map<String, Integer> unreadColumns,
            boolean parseSpecial) {
        public Request {
            if (maxLength < 2) {
                throw new IllegalArgumentException("expected a length of at least 2 tokens, got " + maxLength);
            }
            Objects.requireNonNull(data, "data");
            unreadColumns = Collections.unmodifiableMap(new LinkedHashMap<>(unreadColumns));
        }

        /**
         * Special tokens that texts spell are read as such.
         *
         * @param data the data set
         * @param test examples that must not be among the data; empty for none
         * @param tokenizer of the model that the data are for
         * @param chat writes conversations; null where the model has no template
         * @param maxLength tokens of the longest sequence
         * @param unreadColumns columns of the files that no example has
         */
        public Request(
                Dataset data,
                @Nullable Dataset test,
                @Nullable Tokenizer tokenizer,
                @Nullable ChatRenderer chat,
                int maxLength,
                Map<String, Integer> unreadColumns) {
            this(data, test, tokenizer, chat, maxLength, unreadColumns, true);
        }

        /**
         * {@return the same request of a training that reads special tokens that texts spell as such, or as their
         * characters}
         *
         * @param on whether it is so
         */
        public Request withParseSpecial(boolean on) {
            return new Request(data, test, tokenizer, chat, maxLength, unreadColumns, on);
        }

        /**
         * The data with the columns that they leave unread.
         *
         * @param data the data set
         * @param test examples that must not be among the data; empty for none
         * @param tokenizer of the model that the data are for
         * @param chat writes conversations; null where the model has no template
         * @param maxLength tokens of the longest sequence
         */
        public Request(
                Dataset data,
                @Nullable Dataset test,
                @Nullable Tokenizer tokenizer,
                @Nullable ChatRenderer chat,
                int maxLength) {
            this(data, test, tokenizer, chat, maxLength, data.unreadColumns());
        }
    }

    /** Is told how far the work is, after every example. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Takes a report of the progress.
         *
         * @param done parts of the work that are done
         * @param total parts in all
         */
        void at(int done, int total);
    }

    private DataDoctor() {}

    /**
     * Runs every check, see {@link #check(Request, Progress)}.
     *
     * @param request the data and how they will be trained on
     * @return what was found
     */
    public static DataReport check(Request request) {
        return check(request, (done, total) -> {});
    }

    /**
     * Runs every check.
     *
     * @param request the data and how they will be trained on
     * @param progress told how far the work is, on the thread that works
     * @return what was found
     */
    public static DataReport check(Request request, Progress progress) {
        TokenMeasure measure = new TokenMeasure(request);
        List<Check> checks = new ArrayList<>(List.of(
                new RoleCheck(),
                new AnswerCheck(),
                new PromptCheck(),
                new FormatCheck(),
                new LanguageCheck(),
                new LabelCheck(),
                new DuplicateCheck(request.data().examples()),
                new SecretCheck(),
                new CharacterCheck(),
                new MessageKeyCheck(request.chat())));
        if (request.tokenizer() != null) {
            checks.add(new MarkupCheck(request.tokenizer(), request.chat(), request.parseSpecial()));
        }
        if (request.test() != null) {
            checks.add(new LeakCheck(request.data().examples(), request.test().examples()));
        }
        checks.add(measure);
        see(request.data(), checks, progress);
        List<Finding> findings = new ArrayList<>();
        counts(request.data(), findings);
        columns(request.unreadColumns(), findings);
        checks.forEach(check -> check.tell(findings));
        findings.sort(Comparator.comparing(Finding::severity));
        return new DataReport(findings, measure.stats());
    }

    /**
     * Counts and measures, see {@link #stats(Request, Progress)}.
     *
     * @param request the data and how they will be trained on
     * @return the measures
     */
    public static DataStats stats(Request request) {
        return stats(request, (done, total) -> {});
    }

    /**
     * Counts and measures, and looks for no defects; test data are not read.
     *
     * @param request the data and how they will be trained on
     * @param progress told how far the work is, on the thread that works
     * @return the measures
     */
    public static DataStats stats(Request request, Progress progress) {
        TokenMeasure measure = new TokenMeasure(request);
        see(request.data(), List.of(measure), progress);
        return measure.stats();
    }

    private static void see(Dataset data, List<Check> checks, Progress progress) {
        int total = data.examples().size();
        int done = 0;
        for (var example : data.examples()) {
            Sample sample = Sample.of(example);
            checks.forEach(check -> check.see(sample));
            progress.at(++done, total);
        }
    }

    private static void columns(Map<String, Integer> unread, List<Finding> findings) {
        FindingBuilder extra = new FindingBuilder("extra-columns", Severity.NOTE);
        unread.forEach((column, records) -> extra.at("", "'" + column + "' in " + Counted.of(records, "record")));
        extra.into(
                findings,
                "Columns that are not read",
                "What stands in them is not trained; if it belongs to the prompt or the answer, it is missing there.",
                "Name those that matter with Dataset.Options.withColumns, as in prompt=question; leave the others.");
    }

    private static void counts(Dataset data, List<Finding> findings) {
        if (data.skippedLines() > 0) {
            List<Finding.Place> places = data.skippedReasons().stream()
                    .map(reason -> new Finding.Place("", reason))
                    .toList();
            findings.add(new Finding(
                    "bad-lines",
                    Severity.ERROR,
                    data.skippedLines(),
                    "Lines that are no example",
                    "They are left out, or stop the training.",
                    "Mend or remove them.",
                    places));
        }
        int n = data.examples().size();
        if (n < FEW_EXAMPLES) {
            findings.add(new Finding(
                    "few-examples",
                    n < FEWEST_EXAMPLES ? Severity.WARNING : Severity.NOTE,
                    n,
                    Counted.of(n, "example"),
                    "With so few a model learns them by heart; a change of behaviour takes from " + FEW_EXAMPLES
                            + " to some hundreds.",
                    "Write more, as different from each other as the questions in use are.",
                    List.of()));
        }
    }
}
