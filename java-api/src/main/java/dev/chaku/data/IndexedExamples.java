package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.JsonValues;
import dev.chaku.internal.io.OpenedFile;
import dev.chaku.internal.io.ScratchFile;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Examples that stay on disk: for each the place of its record is kept, some 24 bytes, and the record is read and
 * parsed whenever it is asked for. Lines of JSON are read again from their own file. Other files have no places to go
 * back to (compressed, or records that depend on what stood before): their records are written to a
 * {@link ScratchFile}. A checksum tells when a line is no longer what was indexed. Thread-safe.
 */
final class IndexedExamples extends AbstractList<Example> implements RandomAccess {
    /** Where the bytes of one file's records are: in the file, or in scratch. */
    private record Source(
            Path file,
            int first,
            @Nullable OpenedFile lines,
            @Nullable ScratchFile scratch) {
        byte[] read(long offset, int length) throws IOException {
            return scratch != null ? scratch.read(offset, length) : lines.read(offset, length);
        }
    }

    private final Dataset.Options options;
    private final List<Source> sources = new ArrayList<>();
    private final LongSequence offsets = new LongSequence();
    private final IntSequence lengths = new IntSequence();
    private final IntSequence checksums = new IntSequence();
    private final IntSequence lines = new IntSequence();
    /** Which of a record's examples, where one has several. */
    private final IntSequence parts = new IntSequence();

    IndexedExamples(Dataset.Options options) {
        this.options = options;
    }

    /** Adds the examples of one record. */
    void add(DataFile.Place place, @Nullable Object json, int examples) {
        Source source = source(place);
        long offset = place.offset();
        byte[] bytes = place.bytes();
        if (source.scratch() != null) {
            bytes = RecordCodec.encode(json);
            offset = source.scratch().size();
            source.scratch().append(bytes, bytes.length);
        }
        int checksum = checksum(bytes);
        for (int part = 0; part < examples; part++) {
            offsets.add(offset);
            lengths.add(bytes.length);
            checksums.add(checksum);
            lines.add(place.line());
            parts.add(part);
        }
    }

    private Source source(DataFile.Place place) {
        Source last = sources.isEmpty() ? null : sources.get(sources.size() - 1);
        boolean inFile = place.bytes() != null;
        if (last != null && last.file().equals(place.file()) && inFile == (last.lines() != null)) {
            return last;
        }
        try {
            OpenedFile file = inFile ? OpenedFile.of(place.file()) : null;
            ScratchFile scratch = inFile ? null : ScratchFile.in(Path.of(System.getProperty("java.io.tmpdir")));
            Source next = new Source(place.file(), lines.size(), file, scratch);
            sources.add(next);
            return next;
        } catch (IOException e) {
            throw FileFault.notRead(place.file(), e);
        }
    }

    private static int checksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, bytes.length);
        return (int) checksum.getValue();
    }

    /**
     * Reads an example.
     *
     * @throws BadInputException if its file can no longer be read, or its record was changed since
     */
    @Override
    public Example get(int i) {
        if (i < 0 || i >= size()) {
            throw new IndexOutOfBoundsException(i + " of " + size());
        }
        Source source = sourceOf(i);
        String where = source.file() + ":" + lines.get(i);
        try {
            byte[] bytes = source.read(offsets.get(i), lengths.get(i));
            if (checksum(bytes) != checksums.get(i)) {
                throw new BadInputException(where
                        + ": expected the record that was there when the file was opened, found another; leave data files as "
                        + "they are while they are in use");
            }
            Object json = source.scratch() != null
                    ? RecordCodec.decode(bytes)
                    : JsonValues.parseRecord(new String(bytes, StandardCharsets.UTF_8));
            return RecordReader.read(json, options.format(), options.columns(), where)
                    .get(parts.get(i));
        } catch (IOException e) {
            if (source.scratch() != null) {
                throw new ResourceException(
                        "the scratch file for " + source.file() + " cannot be read: " + FileFault.reason(e), e);
            }
            throw new BadInputException(where + ": cannot be read again: " + FileFault.reason(e), e);
        } catch (RecordFault e) {
            throw new IllegalStateException(
                    where + ": a record that was read before cannot be read: " + e.getMessage(), e);
        }
    }

    private Source sourceOf(int i) {
        int low = 0;
        int high = sources.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (sources.get(middle).first() <= i) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return sources.get(low);
    }

    @Override
    public int size() {
        return lines.size();
    }
}
