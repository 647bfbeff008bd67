package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Examples read from JSON lines, JSON arrays, CSV, TSV or text files, gzipped or not, in UTF-8, UTF-16 or UTF-32, and
 * of formats that a {@link RecordSource} reads. Immutable and thread-safe.
 *
 * <p>Small files are read into memory. Of larger ones the examples stay on disk: reading checks every record and notes
 * its place, and {@link #examples} reads a record again whenever it is asked for one. Lines of JSON are read from their
 * own file, which must stay as it is; records of other files are copied to one in the system's folder for temporary
 * files, as are those that come through a pipe, which is read once.
 */
public final class Dataset {
    /** What to do about a record that is wrong. */
    static final String MEND = "; mend it, or leave such lines out with Dataset.Options.withSkipBadLines(true)";

    private static final int REASONS_KEPT = 5;
    private static final int COLUMNS_KEPT = 1000;
    private static final int REASONS_TOLD = 3;
    /** What compressed text may unpack to, over its size. */
    private static final int UNPACKED = 8;

    /**
     * How files are read.
     *
     * @param format of the records, or null for what each record's keys say
     * @param skipBadLines whether a record that cannot be read is left out and counted, rather than an error
     * @param columns names of the file's columns where they are not the format's own
     * @param inMemoryBytes size of the files of a data set, unpacked, up to which its examples are kept in memory; by
     *     default a sixteenth of the largest Java heap, since texts in memory take some five times their size
     */
    public record Options(@Nullable DataFormat format, boolean skipBadLines, ColumnMap columns, long inMemoryBytes) {
        /** @throws BadInputException if the column map has keys that the format does not read */
        public Options {
            Objects.requireNonNull(columns, "columns");
            for (String key : columns.columns().keySet()) {
                if (format != null && !ReadColumns.reads(format, key)) {
                    throw BadInputException.ofSetting(
                            "columns", "keys that the format " + format.label() + " reads", "'" + key + "'");
                }
            }
        }

        /** {@return the options for files of any format that are read strictly} */
        public static Options defaults() {
            return new Options(null, false, ColumnMap.NONE, Runtime.getRuntime().maxMemory() / 16);
        }

        /**
         * {@return a copy with a format for all files; null to tell it from each}
         *
         * @param newFormat of all files, or null
         */
        public Options withFormat(@Nullable DataFormat newFormat) {
            return new Options(newFormat, skipBadLines, columns, inMemoryBytes);
        }

        /**
         * {@return a copy that leaves lines out that cannot be read, or refuses them}
         *
         * @param skip whether to leave them out
         */
        public Options withSkipBadLines(boolean skip) {
            return new Options(format, skip, columns, inMemoryBytes);
        }

        /**
         * {@return a copy with other columns}
         *
         * @param newColumns which column is which part of an example
         */
        public Options withColumns(ColumnMap newColumns) {
            return new Options(format, skipBadLines, newColumns, inMemoryBytes);
        }

        /**
         * {@return a copy with another limit of what is kept in memory}
         *
         * @param bytes at least 1
         */
        public Options withInMemoryBytes(long bytes) {
            return new Options(format, skipBadLines, columns, bytes);
        }
    }

    private final List<Example> examples;
    private final int skipped;
    private final List<String> reasons;
    private final Map<String, Integer> unread;

    /** @param examples not copied */
    private Dataset(List<Example> examples, int skipped, List<String> reasons, Map<String, Integer> unread) {
        this.examples = examples;
        this.skipped = skipped;
        this.reasons = List.copyOf(reasons);
        this.unread = Collections.unmodifiableMap(unread);
    }

    /**
     * Reads one file, see {@link #read(List, Options)}.
     *
     * @param file in one of the formats that {@link DataFormat} names
     * @return the data set
     */
    public static Dataset read(Path file) {
        return read(List.of(Objects.requireNonNull(file, "file")), Options.defaults());
    }

    /**
     * Reads files, one after the other.
     *
     * @param files read one after another, in this order
     * @param options the settings, see there for the defaults
     * @return the data set
     * @throws BadInputException if a file cannot be read or holds no example, or a record is wrong and bad lines are
     *     not skipped; the message names file, line, what was expected and found
     */
    public static Dataset read(List<Path> files, Options options) {
        Objects.requireNonNull(files, "files");
        Objects.requireNonNull(options, "options");
        Reading reading = new Reading(options, unpackedBytes(files) <= options.inMemoryBytes());
        for (Path file : files) {
            DataFile.read(file, options, reading);
        }
        if (reading.examples().isEmpty()) {
            throw new BadInputException(
                    names(files) + ": expected at least one example, found none" + reading.whatIsWrong());
        }
        return new Dataset(reading.examples(), reading.skipped, reading.reasons, reading.unread);
    }

    /** The files in the words of a message. */
    private static String names(List<Path> files) {
        return files.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** About so many bytes do the files hold; what cannot be asked counts as empty, as reading it will fail. */
    private static long unpackedBytes(List<Path> files) {
        long sum = 0;
        for (Path file : files) {
            if (DataFile.isStream(file)) {
                return Long.MAX_VALUE; // Nobody knows how long it goes on.
            }
            String name = file.toString().toLowerCase(Locale.ROOT);
            boolean packed = name.endsWith(".gz") || name.endsWith(".parquet");
            sum += file.toFile().length() * (packed ? UNPACKED : 1);
        }
        return sum;
    }

    /**
     * {@return a data set of these examples}
     *
     * @param examples in their order
     */
    public static Dataset of(List<Example> examples) {
        return new Dataset(List.copyOf(Objects.requireNonNull(examples, "examples")), 0, List.of(), Map.of());
    }

    /**
     * The examples in order. Of a large data set each access reads the file, so keep what is needed again at once, and
     * none longer.
     *
     * @return a list whose elements throw BadInputException where the file was changed since
     */
    public List<Example> examples() {
        return examples;
    }

    /** {@return the number of records left out because they are wrong} */
    public int skippedLines() {
        return skipped;
    }

    /** {@return why the first of them were left out} */
    public List<String> skippedReasons() {
        return reasons;
    }

    /**
     * {@return columns of the files that go into no example, under the names that the format sees, with the number of
     * records that have them; of more than a thousand the first}
     */
    public Map<String, Integer> unreadColumns() {
        return unread;
    }

    /** Two parts of a data set. */
    public record Split(List<Example> train, List<Example> eval) {}

    /**
     * Splits at random, the same for the same seed, with all examples of one prompt on the same side, so that the
     * validation measures what was not trained on. The order stays.
     *
     * @param evalShare of the examples, as near as whole prompts allow; at least one of them, and one is left to train
     *     on
     * @param seed decides all random choices; the same seed gives the same result
     * @return both parts
     * @throws BadInputException if the share is not between 0 and 1, or there are not two prompts
     */
    public Split split(double evalShare, long seed) {
        int[] groupOf = PromptGroups.of(examples);
        int groups = Arrays.stream(groupOf).max().orElse(-1) + 1;
        if (!(evalShare > 0 && evalShare < 1) || groups < 2) {
            throw new BadInputException(
                    "split: expected a share between 0 and 1 of examples with at least two prompts, found " + evalShare
                            + " of " + examples.size() + " examples with " + groups);
        }
        int[] sizes = new int[groups];
        for (int group : groupOf) {
            sizes[group]++;
        }
        int[] order = IntSequence.upTo(groups);
        IntSequence.shuffle(order, new Random(seed));
        long wanted = Math.max(1, Math.round(evalShare * examples.size()));
        long taken = 0;
        BitSet eval = new BitSet();
        for (int k = 0; k < groups - 1; k++) {
            int group = order[k];
            if (taken == 0 || taken + sizes[group] <= wanted) {
                eval.set(group);
                taken += sizes[group];
            }
        }
        return new Split(part(groupOf, eval, false), part(groupOf, eval, true));
    }

    private List<Example> part(int[] groupOf, BitSet marked, boolean which) {
        IntSequence part = new IntSequence();
        for (int i = 0; i < groupOf.length; i++) {
            if (marked.get(groupOf[i]) == which) {
                part.add(i);
            }
        }
        return new IndexView<>(examples, part.toArray());
    }

    /**
     * A part of a mixture.
     *
     * @param weight how often each example stands in the mixture: 2 for twice, 0.5 for a half of them, chosen by the
     *     seed
     */
    public record Part(Dataset data, double weight) {
        public Part {
            Objects.requireNonNull(data, "data");
        }
    }

    /**
     * Mixes data sets, in order; the same for the same seed.
     *
     * @param parts each with its weight
     * @param seed decides all random choices; the same seed gives the same result
     * @return the data set
     * @throws BadInputException if a weight is not above 0 and at most 1000, or nothing is left
     */
    public static Dataset mix(List<Part> parts, long seed) {
        Objects.requireNonNull(parts, "parts");
        IntSequence mixed = new IntSequence();
        List<List<Example>> lists = new ArrayList<>();
        Random random = new Random(seed);
        int skipped = 0;
        List<String> reasons = new ArrayList<>();
        Map<String, Integer> unread = new LinkedHashMap<>();
        int first = 0;
        for (Part part : parts) {
            if (!(part.weight() > 0 && part.weight() <= 1000)) {
                throw new BadInputException(
                        "mixing weight: expected more than 0 and at most 1000, found " + part.weight());
            }
            int n = part.data().examples.size();
            int whole = (int) part.weight();
            int[] shuffled = IntSequence.upTo(n);
            for (int copy = 0; copy < whole; copy++) {
                add(shuffled, n, first, mixed);
            }
            IntSequence.shuffle(shuffled, random);
            add(shuffled, (int) Math.round((part.weight() - whole) * n), first, mixed);
            lists.add(part.data().examples);
            first += n;
            skipped += part.data().skipped;
            reasons.addAll(part.data().reasons);
            part.data().unread.forEach((column, records) -> unread.merge(column, records, Integer::sum));
        }
        if (mixed.size() == 0) {
            throw new BadInputException("mixture: expected at least one example, found none; raise the weights");
        }
        return new Dataset(new IndexView<>(new ListChain<>(lists), mixed.toArray()), skipped, reasons, unread);
    }

    /** Adds the first n of some indices, which count from the beginning of their list, not of all lists. */
    private static void add(int[] indices, int n, int first, IntSequence to) {
        for (int i = 0; i < n; i++) {
            to.add(first + indices[i]);
        }
    }

    /** The state of a reading. */
    private static final class Reading implements DataFile.Sink {
        private final Options options;
        private final List<Example> inMemory = new ArrayList<>();
        private final @Nullable IndexedExamples onDisk;
        private final List<String> reasons = new ArrayList<>();
        private final Map<String, Integer> unread = new LinkedHashMap<>();
        private int skipped;

        Reading(Options options, boolean keep) {
            this.options = options;
            this.onDisk = keep ? null : new IndexedExamples(options);
        }

        List<Example> examples() {
            return onDisk != null ? onDisk : Collections.unmodifiableList(inMemory);
        }

        /** Why there is no example, if anything was read at all. */
        String whatIsWrong() {
            if (skipped == 0) {
                return "";
            }
            List<String> told = reasons.subList(0, Math.min(REASONS_TOLD, reasons.size()));
            String count =
                    skipped == 1 ? "; its one line is wrong: " : "; all " + skipped + " lines are wrong, the first: ";
            return count + String.join("; ", told);
        }

        @Override
        public void record(@Nullable Object json, DataFile.Place place) {
            try {
                List<Example> read = RecordReader.read(json, options.format(), options.columns(), place.where());
                if (onDisk != null) {
                    onDisk.add(place, json, read.size());
                } else {
                    inMemory.addAll(read);
                }
                for (String column : RecordReader.unread((Map<?, ?>) json, options)) {
                    if (unread.size() < COLUMNS_KEPT || unread.containsKey(column)) {
                        unread.merge(column, 1, Integer::sum);
                    }
                }
            } catch (RecordFault fault) {
                bad(place.where() + ": " + fault.getMessage());
            }
        }

        @Override
        public void bad(String reason) {
            if (!options.skipBadLines()) {
                throw new BadInputException(reason + MEND);
            }
            skipped++;
            if (reasons.size() < REASONS_KEPT) {
                reasons.add(reason);
            }
        }
    }
}
