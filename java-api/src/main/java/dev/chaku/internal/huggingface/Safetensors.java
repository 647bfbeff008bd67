package dev.chaku.internal.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Json;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Safetensors files: a little-endian u64 with the length of a JSON header, the header, and the tensors' bytes, which
 * the header's offsets tile without gap. Immutable; data are read on demand.
 */
public final class Safetensors {
    private static final long MOST_HEADER_BYTES = 100L << 20;
    private static final JsonFactory JSON = Json.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(16).build())
            .build();

    private static final Map<String, Integer> ELEMENT_BYTES = Map.of("F64", 8, "F32", 4, "F16", 2, "BF16", 2, "U8", 1);

    private static final Map<String, GgmlType> DECODED =
            Map.of("F32", GgmlType.F32, "F16", GgmlType.F16, "BF16", GgmlType.BF16);

    /** One tensor: its element type as the file names it (F32, F16, BF16 …), its shape, and where its bytes lie. */
    public record Tensor(String name, String dtype, List<Long> shape, long from, long to) {
        public long bytes() {
            return to - from;
        }
    }

    /**
     * A tensor to be written: F32 values by shape, asked for when their turn comes, so that one is in memory at a time.
     * They are written before those of the next are asked for, so that one buffer will do for all.
     */
    public record Source(String name, List<Long> shape, Supplier<FloatBuffer> values) {
        /** A tensor that is in memory; the buffer is read from its position to its limit. */
        public Source(String name, List<Long> shape, FloatBuffer values) {
            this(name, shape, () -> values);
        }

        long bytes() {
            return shape.stream().reduce((long) Float.BYTES, Math::multiplyExact);
        }
    }

    private final Path path;
    private final Map<String, String> metadata;
    private final Map<String, Tensor> tensors;
    private final long dataOffset;

    private Safetensors(Path path, Map<String, String> metadata, Map<String, Tensor> tensors, long dataOffset) {
        this.path = path;
        this.metadata = metadata;
        this.tensors = tensors;
        this.dataOffset = dataOffset;
    }

    /** @throws BadInputException if the file is damaged: the message names it, the tensor, expected and found */
    public static Safetensors read(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer length = fill(channel, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN), 0, path);
            long headerBytes = length.getLong(0);
            if (headerBytes < 2 || headerBytes > MOST_HEADER_BYTES || headerBytes > size - 8) {
                throw new BadInputException(
                        path + ": expected a safetensors header of 2 to " + Math.min(MOST_HEADER_BYTES, size - 8)
                                + " bytes, found a length of " + Long.toUnsignedString(headerBytes));
            }
            ByteBuffer header = fill(channel, ByteBuffer.allocate((int) headerBytes), 8, path);
            Map<String, String> metadata = new LinkedHashMap<>();
            Map<String, Tensor> tensors = parse(path, header.array(), metadata);
            requireTiling(path, tensors, size - 8 - headerBytes);
            return new Safetensors(path, metadata, tensors, 8 + headerBytes);
        } catch (IOException e) {
            throw new BadInputException(path + ": cannot be read as safetensors: " + FileFault.reason(e), e);
        }
    }

    private static ByteBuffer fill(FileChannel channel, ByteBuffer buffer, long from, Path path) throws IOException {
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, from + buffer.position());
            if (read < 0) {
                throw new BadInputException(path + ": expected " + buffer.limit() + " bytes from offset " + from
                        + ", found " + buffer.position());
            }
        }
        return buffer;
    }

    private static Map<String, Tensor> parse(Path path, byte[] header, Map<String, String> metadata)
            throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (JsonParser json = JSON.createParser(header)) {
            require(path, json.nextToken() == JsonToken.START_OBJECT, "a JSON object", json);
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals("__metadata__")) {
                    parseMetadata(path, json, metadata);
                } else if (tensors.put(name, parseTensor(path, json, name)) != null) {
                    throw new BadInputException(path + ": tensor '" + name + "' stands twice in the header");
                }
            }
        }
        return tensors;
    }

    private static void parseMetadata(Path path, JsonParser json, Map<String, String> into) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        require(path, json.currentToken() == JsonToken.START_OBJECT, "an object or null for __metadata__", json);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            require(path, json.nextToken() == JsonToken.VALUE_STRING, "a string for __metadata__." + key, json);
            into.put(key, json.getText());
        }
    }

    private static Tensor parseTensor(Path path, JsonParser json, String name) throws IOException {
        require(path, json.currentToken() == JsonToken.START_OBJECT, "an object for tensor '" + name + "'", json);
        String dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "dtype" -> dtype = json.getText();
                case "shape" -> shape = longs(path, json, name);
                case "data_offsets" -> offsets = longs(path, json, name);
                default -> json.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
            throw new BadInputException(path + ": tensor '" + name
                    + "': expected dtype, shape and two data_offsets, found " + dtype + ", " + shape + ", " + offsets);
        }
        Tensor tensor = new Tensor(name, dtype, shape, offsets.get(0), offsets.get(1));
        requireBytes(path, tensor);
        return tensor;
    }

    /** Types that are not known here are passed over: whoever asks for their numbers is told. */
    private static void requireBytes(Path path, Tensor tensor) {
        int elementBytes = ELEMENT_BYTES.getOrDefault(tensor.dtype(), 0);
        long expected = elementBytes;
        try {
            for (long size : tensor.shape()) {
                if (size < 0) {
                    throw new BadInputException(
                            path + ": tensor '" + tensor.name() + "': shape " + tensor.shape() + " is negative");
                }
                expected = Math.multiplyExact(expected, size);
            }
        } catch (ArithmeticException e) {
            throw new BadInputException(
                    path + ": tensor '" + tensor.name() + "': shape " + tensor.shape() + " is too large", e);
        }
        if (elementBytes > 0 && tensor.bytes() != expected) {
            throw new BadInputException(path + ": tensor '" + tensor.name() + "': " + tensor.dtype() + " "
                    + tensor.shape() + " expects " + expected + " bytes, found " + tensor.bytes());
        }
    }

    private static List<Long> longs(Path path, JsonParser json, String name) throws IOException {
        require(path, json.currentToken() == JsonToken.START_ARRAY, "an array in tensor '" + name + "'", json);
        List<Long> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            require(
                    path,
                    json.currentToken() == JsonToken.VALUE_NUMBER_INT,
                    "whole numbers in tensor '" + name + "'",
                    json);
            values.add(json.getLongValue());
        }
        return List.copyOf(values);
    }

    private static void require(Path path, boolean holds, String expected, JsonParser json) {
        if (!holds) {
            throw new BadInputException(
                    path + ": safetensors header: expected " + expected + ", found " + json.currentToken());
        }
    }

    private static void requireTiling(Path path, Map<String, Tensor> tensors, long dataBytes) {
        List<Tensor> order = new ArrayList<>(tensors.values());
        order.sort(Comparator.comparingLong(Tensor::from).thenComparingLong(Tensor::to));
        long at = 0;
        for (Tensor tensor : order) {
            if (tensor.from() != at || tensor.to() < tensor.from() || tensor.to() > dataBytes) {
                throw new BadInputException(path + ": tensor '" + tensor.name() + "': expected data from " + at
                        + " within " + dataBytes + " bytes, found " + tensor.from() + " to " + tensor.to());
            }
            at = tensor.to();
        }
        if (at != dataBytes) {
            throw new BadInputException(path + ": expected tensors that fill the " + dataBytes
                    + " bytes of data, found " + at + " bytes described");
        }
    }

    public Path path() {
        return path;
    }

    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    /** By name, in the header's order. */
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /**
     * The bytes of a tensor, in a direct little-endian buffer.
     *
     * @throws BadInputException if there is none of this name, or it is larger than 2 GiB
     */
    public ByteBuffer bytes(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null || tensor.bytes() > Integer.MAX_VALUE) {
            throw new BadInputException(path + ": expected a tensor '" + name + "' of less than 2 GiB, found "
                    + (tensor == null ? "none" : tensor));
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            return fill(channel, buffer, dataOffset + tensor.from(), path).flip();
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /**
     * The numbers of a tensor of type F32, F16, BF16 or F64, the last rounded.
     *
     * @throws BadInputException as {@link #bytes}, or if it has another type
     */
    public float[] floats(String name) {
        ByteBuffer bytes = bytes(name);
        String dtype = tensors.get(name).dtype();
        float[] values = new float[bytes.remaining() / Math.max(1, ELEMENT_BYTES.getOrDefault(dtype, 1))];
        switch (dtype) {
            case "F32" -> bytes.asFloatBuffer().get(values);
            case "F64" -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) bytes.getDouble(i * Double.BYTES);
                }
            }
            case "F16", "BF16" -> {
                FloatBuffer decoded = DirectBuffers.floats(values.length);
                Engines.codec().dequantize((dtype.equals("F16") ? GgmlType.F16 : GgmlType.BF16), bytes, decoded);
                decoded.get(0, values);
            }
            default ->
                throw new BadInputException(
                        path + ": tensor '" + name + "': expected type F32, F16, BF16 or F64, found " + dtype);
        }
        return values;
    }

    /**
     * Reads a part of a tensor of type F32, F16 or BF16 as numbers. Thread-safe.
     *
     * @param fromElement index of the first
     * @param target direct; what remains of it is filled
     * @param scratch gives a direct buffer of a number of bytes
     * @throws BadInputException if there is no such tensor, it is shorter, of another type, or cannot be read
     */
    public void read(String name, long fromElement, FloatBuffer target, IntFunction<ByteBuffer> scratch) {
        Tensor tensor = tensors.get(name);
        GgmlType type = tensor == null ? null : DECODED.get(tensor.dtype());
        if (type == null) {
            throw new BadInputException(path + ": expected a tensor '" + name + "' of type F32, F16 or BF16, found "
                    + (tensor == null ? "none" : tensor.dtype()));
        }
        long from = fromElement * type.blockBytes();
        int bytes = Math.multiplyExact(target.remaining(), type.blockBytes());
        if (fromElement < 0 || from > tensor.bytes() - bytes) {
            throw new BadInputException(path + ": tensor '" + name + "' has " + tensor.bytes() + " bytes, asked for "
                    + bytes + " from byte " + from);
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer buffer = fill(
                    channel,
                    scratch.apply(bytes).order(ByteOrder.LITTLE_ENDIAN),
                    dataOffset + tensor.from() + from,
                    path);
            Engines.codec().dequantize(type, buffer.flip(), target);
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /**
     * Reads a part of a tensor's bytes. Thread-safe.
     *
     * @param fromByte index of the first
     * @param target what remains of it is filled
     * @throws BadInputException if there is no such tensor, it is shorter, or cannot be read
     */
    public void readBytes(String name, long fromByte, ByteBuffer target) {
        Tensor tensor = tensors.get(name);
        if (tensor == null || fromByte < 0 || fromByte > tensor.bytes() - target.remaining()) {
            throw new BadInputException(path + ": tensor '" + name + "' has " + (tensor == null ? 0 : tensor.bytes())
                    + " bytes, asked for " + target.remaining() + " from byte " + fromByte);
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            fill(channel, target, dataOffset + tensor.from() + fromByte, path);
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /**
     * Writes F32 tensors to a new file, whole or not at all.
     *
     * @throws BadInputException if it is there already, or its folder cannot be written to
     * @throws ResourceException if it cannot be written
     */
    public static void write(Path path, Map<String, String> metadata, List<Source> sources) {
        try (FileDraft draft = NewFile.at(path).begin()) {
            FileChannel channel = draft.channel();
            byte[] header = header(metadata, sources);
            ByteBuffer prefix = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
            writeAll(channel, prefix.putLong(header.length).put(header).flip());
            StagedFloats staged = new StagedFloats();
            for (Source source : sources) {
                FloatBuffer values = source.values().get();
                if (values.remaining() != source.bytes() / Float.BYTES) {
                    throw new IllegalArgumentException(source.name() + ": expected " + source.bytes() / Float.BYTES
                            + " values, got " + values.remaining());
                }
                staged.write(values, bytes -> writeAll(channel, bytes));
            }
            draft.place();
        } catch (IOException e) {
            throw FileFault.notWritten(path, e);
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The header, padded with spaces to a multiple of eight so that the data are aligned. */
    private static byte[] header(Map<String, String> metadata, List<Source> sources) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            json.writeObjectFieldStart("__metadata__");
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
            long at = 0;
            for (Source source : sources) {
                long bytes = source.bytes();
                json.writeObjectFieldStart(source.name());
                json.writeStringField("dtype", "F32");
                writeLongs(json, "shape", source.shape());
                writeLongs(json, "data_offsets", List.of(at, at + bytes));
                json.writeEndObject();
                at += bytes;
            }
            json.writeEndObject();
        }
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        return out.toByteArray();
    }

    private static void writeLongs(JsonGenerator json, String name, List<Long> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (long value : values) {
            json.writeNumber(value);
        }
        json.writeEndArray();
    }
}
