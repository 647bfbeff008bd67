package dev.chaku.parquet;

import dev.chaku.data.RecordSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a Parquet file as records, one row group in memory at a time. Lists and structs, as in {@code messages},
 * become lists and maps. A field that is null is left out, for a file's schema gives every struct all fields that any
 * has.
 */
public final class ParquetRecordSource implements RecordSource {
    private static final byte[] MAGIC = {'P', 'A', 'R', '1'};

    /** For {@link java.util.ServiceLoader}. */
    public ParquetRecordSource() {}

    @Override
    public String format() {
        return "Parquet";
    }

    @Override
    public boolean reads(byte[] beginning) {
        if (beginning.length < MAGIC.length) {
            return false;
        }
        for (int i = 0; i < MAGIC.length; i++) {
            if (beginning[i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void read(Path file, Consumer<Map<String, @Nullable Object>> record) throws IOException {
        try (ParquetFileReader reader = open(file)) {
            MessageType schema = reader.getFileMetaData().getSchema();
            MessageColumnIO columns = new ColumnIOFactory().getColumnIO(schema);
            long row = 0;
            for (PageReadStore group = nextGroup(reader, row); group != null; group = nextGroup(reader, row)) {
                RecordReader<Map<String, @Nullable Object>> rows = rows(columns, group, schema, row);
                for (long i = 0; i < group.getRowCount(); i++) {
                    record.accept(next(rows, ++row));
                }
            }
        }
    }

    private static ParquetFileReader open(Path file) throws IOException {
        try {
            ParquetReadOptions options = ParquetReadOptions.builder()
                    .withCodecFactory(new PageCodecs())
                    .usePageChecksumVerification(true)
                    .build();
            return ParquetFileReader.open(new LocalInputFile(file), options);
        } catch (RuntimeException e) { // Parquet's reader has no one type for what is wrong with a file.
            throw new IOException("no whole Parquet file: " + reason(e), e);
        }
    }

    private static @Nullable PageReadStore nextGroup(ParquetFileReader reader, long row) throws IOException {
        try {
            return reader.readNextRowGroup();
        } catch (RuntimeException e) {
            throw new IOException("Parquet row group after row " + row + ": " + reason(e), e);
        }
    }

    private static RecordReader<Map<String, @Nullable Object>> rows(
            MessageColumnIO columns, PageReadStore group, MessageType schema, long row) throws IOException {
        try {
            return columns.getRecordReader(group, new RowMaterializer(schema));
        } catch (RuntimeException e) {
            throw new IOException("Parquet row group after row " + row + ": " + reason(e), e);
        }
    }

    private static Map<String, @Nullable Object> next(RecordReader<Map<String, @Nullable Object>> rows, long row)
            throws IOException {
        try {
            return rows.read();
        } catch (RuntimeException e) {
            throw new IOException("Parquet row " + row + ": " + reason(e), e);
        }
    }

    /** The innermost message, in one line. */
    private static String reason(RuntimeException e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return message.lines().findFirst().orElse("");
    }
}
