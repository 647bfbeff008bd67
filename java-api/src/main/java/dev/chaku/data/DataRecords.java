package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The records of data files one after the other, as they stand and as the examples they are read as; none is kept. */
public final class DataRecords {
    private static final int REASONS_KEPT = 5;

    /**
     * A record.
     *
     * @param source {@code file:line}
     * @param fields as they stand in the file, with the file's own names: Map, List, String, Long, Double, BigInteger,
     *     Boolean or null
     * @param examples at least one
     * @param unread columns that went into no example, under the names that the format sees
     */
    public record Entry(
            String source, Map<String, @Nullable Object> fields, List<Example> examples, List<String> unread) {}

    /** Takes what is read. What it throws ends the reading. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes a record.
         *
         * @param entry a record with its place
         */
        void take(Entry entry);
    }

    /**
     * What could not be read.
     *
     * @param lines number of records left out because they are wrong
     * @param reasons why the first of them were
     */
    public record Skipped(int lines, List<String> reasons) {}

    private DataRecords() {}

    /**
     * Reads files, one after the other.
     *
     * @param files the data files
     * @param options the settings, see there for the defaults
     * @param sink takes the records, in order
     * @return what was left out
     * @throws BadInputException if a file cannot be read, or a record is wrong and bad lines are not skipped
     */
    public static Skipped read(List<Path> files, Dataset.Options options, Sink sink) {
        Objects.requireNonNull(files, "files");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(sink, "sink");
        Reading reading = new Reading(options, sink);
        files.forEach(file -> DataFile.read(file, options, reading));
        return new Skipped(reading.skipped, List.copyOf(reading.reasons));
    }

    private static final class Reading implements DataFile.Sink {
        private final Dataset.Options options;
        private final Sink sink;
        private final List<String> reasons = new ArrayList<>();
        private int skipped;

        Reading(Dataset.Options options, Sink sink) {
            this.options = options;
            this.sink = sink;
        }

        @Override
        public void record(@Nullable Object json, DataFile.Place place) {
            String where = place.where();
            Entry entry;
            try {
                List<Example> examples = RecordReader.read(json, options.format(), options.columns(), where);
                Map<String, @Nullable Object> fields = new LinkedHashMap<>();
                ((Map<?, ?>) json).forEach((key, value) -> fields.put(key.toString(), value));
                entry = new Entry(where, fields, examples, RecordReader.unread(fields, options));
            } catch (RecordFault fault) {
                bad(where + ": " + fault.getMessage());
                return;
            }
            sink.take(entry);
        }

        @Override
        public void bad(String reason) {
            if (!options.skipBadLines()) {
                throw new BadInputException(reason + Dataset.MEND);
            }
            skipped++;
            if (reasons.size() < REASONS_KEPT) {
                reasons.add(reason);
            }
        }
    }
}
