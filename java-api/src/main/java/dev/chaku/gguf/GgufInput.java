package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Little-endian numbers and strings from the head of a file. Nothing is allocated before the file is known to hold it,
 * so memory stays within a small multiple of the file's size, whatever its counts claim.
 */
final class GgufInput {
    private static final int BUFFER_BYTES = 1 << 16;

    private final String source;
    private final FileChannel channel;
    private final long fileBytes;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);

    /** File offset of the first byte past the buffer's limit. */
    private long filled;

    /** What is being read, for messages. */
    private String place = "header";

    GgufInput(String source, FileChannel channel) throws IOException {
        this.source = source;
        this.channel = channel;
        this.fileBytes = channel.size();
    }

    void enter(String newPlace) {
        place = newPlace;
    }

    long position() {
        return filled - buffer.remaining();
    }

    long remaining() {
        return fileBytes - position();
    }

    byte readByte() throws IOException {
        fill(1);
        return buffer.get();
    }

    int readShort() throws IOException {
        fill(2);
        return buffer.getShort();
    }

    int readInt() throws IOException {
        fill(4);
        return buffer.getInt();
    }

    long readLong() throws IOException {
        fill(8);
        return buffer.getLong();
    }

    /**
     * Reads a count of things that take at least {@code leastBytes} each.
     *
     * @throws BadInputException if it is past {@code most} or the file is too short for so many
     */
    int readCount(String what, long leastBytes, long most) throws IOException {
        long count = readLong();
        if (count < 0 || count > most) {
            throw fail("expected at most " + most + " " + what + ", found " + Long.toUnsignedString(count));
        }
        if (count > remaining() / leastBytes) {
            throw fail("found a count of " + count + " " + what + ", but only " + remaining() + " bytes follow it");
        }
        return (int) count;
    }

    /** Reads bytes that {@link #readCount} or {@link #remaining} has shown to be there. */
    void readBytes(byte[] target, int from, int count) throws IOException {
        int buffered = Math.min(count, buffer.remaining());
        buffer.get(target, from, buffered);
        int done = buffered;
        if (count - done >= BUFFER_BYTES) {
            ByteBuffer rest = ByteBuffer.wrap(target, from + done, count - done);
            while (rest.hasRemaining()) {
                int read = channel.read(rest, filled);
                if (read < 0) {
                    throw truncated(rest.remaining(), 0);
                }
                filled += read;
            }
        } else if (done < count) {
            fill(count - done);
            buffer.get(target, from + done, count - done);
        }
    }

    /** Reads a length and so many bytes. */
    byte[] readString(int mostBytes) throws IOException {
        byte[] bytes = new byte[readCount("bytes of a string", 1, mostBytes)];
        readBytes(bytes, 0, bytes.length);
        return bytes;
    }

    /** Reads a name: a string of valid UTF-8. */
    String readName(int mostBytes) throws IOException {
        byte[] bytes = readString(mostBytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException(message("expected a name in UTF-8, found other bytes"), e);
        }
    }

    BadInputException fail(String problem) {
        return new BadInputException(message(problem));
    }

    String message(String problem) {
        return source + ": " + place + ": " + problem;
    }

    private void fill(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return;
        }
        buffer.compact();
        while (buffer.position() < bytes) {
            int read = channel.read(buffer, filled);
            if (read < 0) {
                throw truncated(bytes, buffer.position());
            }
            filled += read;
        }
        buffer.flip();
    }

    private BadInputException truncated(int expected, int found) {
        return fail("the file ends at byte " + filled + ": expected " + expected + " more bytes, found " + found);
    }
}
