package dev.chaku.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Little-endian numbers, strings and values over a channel, buffered, counting what was written. */
final class GgufOutput implements WritableByteChannel {
    private final WritableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private long flushed;

    GgufOutput(WritableByteChannel channel) {
        this.channel = channel;
    }

    long position() {
        return flushed + buffer.position();
    }

    void writeInt(int value) throws IOException {
        reserve(4);
        buffer.putInt(value);
    }

    void writeLong(long value) throws IOException {
        reserve(8);
        buffer.putLong(value);
    }

    void writeString(String text) throws IOException {
        writeString(text.getBytes(StandardCharsets.UTF_8));
    }

    void writeValue(GgufValue value) throws IOException {
        if (value instanceof GgufValue.Int number) {
            writeNumber(number.type(), number.bits());
        } else if (value instanceof GgufValue.Real number) {
            writeNumber(number.type(), number.rawBits());
        } else if (value instanceof GgufValue.Bool bool) {
            writeNumber(GgufValueType.BOOL, bool.value() ? 1 : 0);
        } else if (value instanceof GgufValue.Text text) {
            writeString(text.rawBytes());
        } else if (value instanceof GgufArray array) {
            writeArray(array);
        }
    }

    void padTo(int alignment) throws IOException {
        long padding = GgufParser.roundUp(position(), alignment) - position();
        while (padding > 0) {
            reserve(1);
            int zeros = (int) Math.min(padding, buffer.remaining());
            buffer.put(new byte[zeros]);
            padding -= zeros;
        }
    }

    void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            flushed += channel.write(buffer);
        }
        buffer.clear();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int bytes = source.remaining();
        if (bytes <= buffer.remaining()) {
            buffer.put(source);
            return bytes;
        }
        flush();
        while (source.hasRemaining()) {
            flushed += channel.write(source);
        }
        return bytes;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    /** Leaves the channel open: who opened it closes it. */
    @Override
    public void close() throws IOException {
        flush();
    }

    /** What a value takes in a file, without its type. */
    static long bytes(GgufValue value) {
        if (value instanceof GgufValue.Text text) {
            return Long.BYTES + (long) text.rawBytes().length;
        }
        if (value instanceof GgufArray array) {
            long bytes = Integer.BYTES + (long) Long.BYTES;
            if (array instanceof GgufArray.Numbers numbers) {
                bytes += numbers.rawBytes().length;
            } else if (array instanceof GgufArray.Strings strings) {
                for (int i = 0; i < strings.size(); i++) {
                    bytes += Long.BYTES + strings.byteLength(i);
                }
            } else if (array instanceof GgufArray.Nested nested) {
                bytes += nested.elements().stream().mapToLong(GgufOutput::bytes).sum();
            }
            return bytes;
        }
        return value.type().bytes();
    }

    private void writeNumber(GgufValueType type, long bits) throws IOException {
        reserve(8);
        switch (type.bytes()) {
            case 1 -> buffer.put((byte) bits);
            case 2 -> buffer.putShort((short) bits);
            case 4 -> buffer.putInt((int) bits);
            default -> buffer.putLong(bits);
        }
    }

    private void writeString(byte[] bytes) throws IOException {
        writeLong(bytes.length);
        write(ByteBuffer.wrap(bytes));
    }

    private void writeArray(GgufArray array) throws IOException {
        writeInt(array.elementType().id());
        writeLong(array.size());
        if (array instanceof GgufArray.Numbers numbers) {
            write(ByteBuffer.wrap(numbers.rawBytes()));
        } else if (array instanceof GgufArray.Strings strings) {
            for (int i = 0; i < strings.size(); i++) {
                writeLong(strings.byteLength(i));
                write(ByteBuffer.wrap(strings.rawBytes(), strings.rawStart(i), strings.byteLength(i)));
            }
        } else if (array instanceof GgufArray.Nested nested) {
            List<GgufArray> elements = nested.elements();
            for (GgufArray element : elements) {
                writeArray(element);
            }
        }
    }

    private void reserve(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }
}
