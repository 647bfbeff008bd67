package dev.chaku.internal.io;

import dev.chaku.errors.ResourceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A file of events as TensorBoard reads it: records of a length and a message in the encoding of protocol buffers, each
 * with a checksum. Every event is there when {@link #append} returns. Not thread-safe.
 *
 * <p>Messages: Event {1: wall_time double, 2: step int64, 3: file_version string, 5: summary, 7: session_log}, Summary
 * {1: value, repeated}, Value {1: tag string, 2: simple_value float}, SessionLog {1: status, 1 for a start}.
 */
public final class EventFile {
    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;
    private static final int CRC_ADDED = 0xa282ead8;

    private final Path path;

    private EventFile(Path path) {
        this.path = path;
    }

    /**
     * Makes the folder and a new file in it. If the first step is none, steps from it on that are in older files of the
     * folder count no more.
     *
     * @throws ResourceException if it cannot be written
     */
    public static EventFile create(Path folder, int firstStep) {
        long millis = System.currentTimeMillis();
        long process = ProcessHandle.current().pid();
        try {
            Files.createDirectories(folder);
            for (int n = 0; ; n++) {
                Path path = folder.resolve(
                        String.format("events.out.tfevents.%010d.chaku.%d.%d", millis / 1000, process, n));
                if (!Files.exists(path)) {
                    Files.createFile(path);
                    EventFile file = new EventFile(path);
                    file.write(new Message()
                            .number(1, millis / 1000.0)
                            .bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8)));
                    if (firstStep > 1) {
                        file.write(event(firstStep)
                                .bytes(7, new Message().integer(1, 1).toByteArray()));
                    }
                    return file;
                }
            }
        } catch (IOException e) {
            throw DiskFailure.notWritten(folder, e);
        }
    }

    public Path path() {
        return path;
    }

    /**
     * Adds values of a step, by their names.
     *
     * @throws ResourceException if they cannot be written
     */
    public void append(int step, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((tag, value) -> summary.bytes(
                1,
                new Message()
                        .bytes(1, tag.getBytes(StandardCharsets.UTF_8))
                        .single(2, value.floatValue())
                        .toByteArray()));
        try {
            write(event(step).bytes(5, summary.toByteArray()));
        } catch (IOException e) {
            throw DiskFailure.notWritten(path, e);
        }
    }

    private static Message event(int step) {
        return new Message().number(1, System.currentTimeMillis() / 1000.0).integer(2, step);
    }

    private void write(Message event) throws IOException {
        byte[] message = event.toByteArray();
        ByteBuffer record = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + message.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(message.length);
        record.putInt(maskedCrc(record.array(), 0, Long.BYTES));
        record.put(message);
        record.putInt(maskedCrc(record.array(), Long.BYTES + Integer.BYTES, message.length));
        Files.write(path, record.array(), StandardOpenOption.APPEND);
    }

    /** Turned by 15 bits and shifted, so that checksums of data with checksums in them are sound. */
    private static int maskedCrc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + CRC_ADDED;
    }

    /** Fields in the encoding of protocol buffers. */
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Message number(int field, double value) {
            key(field, EIGHT_BYTES);
            bytes.writeBytes(little(Long.BYTES).putDouble(value).array());
            return this;
        }

        Message single(int field, float value) {
            key(field, FOUR_BYTES);
            bytes.writeBytes(little(Integer.BYTES).putFloat(value).array());
            return this;
        }

        Message integer(int field, long value) {
            key(field, VARINT);
            varint(value);
            return this;
        }

        Message bytes(int field, byte[] value) {
            key(field, BYTES);
            varint(value.length);
            bytes.writeBytes(value);
            return this;
        }

        private void key(int field, int type) {
            varint((long) field << 3 | type);
        }

        private void varint(long value) {
            long rest = value;
            for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
                bytes.write((int) (rest & 0x7f | 0x80));
            }
            bytes.write((int) rest);
        }

        private static ByteBuffer little(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }

        byte[] toByteArray() {
            return bytes.toByteArray();
        }
    }
}
