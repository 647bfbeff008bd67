package dev.chaku.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads data files of a format that this library does not read itself. Implementations are found with
 * {@link java.util.ServiceLoader}; the module {@code chaku-parquet} is one. Thread-safe.
 */
public interface RecordSource {
    /** Bytes of a file's beginning that {@link #reads} is shown; fewer for a shorter file. */
    int BEGINNING_BYTES = 16;

    /** {@return what the format is called, for messages} */
    String format();

    /**
     * {@return whether a file is of this format, by its first bytes}
     *
     * @param beginning the first bytes of a file
     */
    boolean reads(byte[] beginning);

    /**
     * Reads all records of a file, in order.
     *
     * @param file the file
     * @param record takes each as its fields: Map, List, String, Long, Double, BigInteger, Boolean or null, at any
     *     depth; what it throws ends the reading
     * @throws IOException if the file cannot be read; the message says what is wrong, without the file's name
     */
    void read(Path file, Consumer<Map<String, @Nullable Object>> record) throws IOException;
}
