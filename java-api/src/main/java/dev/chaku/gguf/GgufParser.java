package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads and checks the head of a GGUF file: magic, version, counts, key values, tensor descriptors.
 *
 * <p>Layout, little endian: {@code "GGUF"}, u32 version, u64 tensor count, u64 key-value count; per key value a string,
 * u32 type, value; per tensor a string, u32 dimension count, u64 dimensions, u32 type, u64 offset into the data
 * section, which begins at the next multiple of {@code general.alignment} (32 if absent). A string is a u64 length and
 * bytes; an array is a u32 element type, u64 length, elements.
 *
 * <p>Source: the GGUF specification of the ggml project, versions 2 and 3.
 */
final class GgufParser {
    static final int MAGIC = 0x46554747;
    /** Magic, version and the two counts. */
    static final int HEADER_BYTES = 2 * Integer.BYTES + 2 * Long.BYTES;

    static final String ALIGNMENT_KEY = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;
    static final int MAX_KEY_BYTES = 65535;
    static final int MAX_TENSOR_NAME_BYTES = 1024;
    static final int MAX_DIMS = 4;

    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 18;
    private static final int MAX_STRING_BYTES = 64 << 20;
    private static final int MAX_ARRAY_BYTES = 1 << 30;
    private static final int MAX_NESTED_ARRAYS = 1 << 16;
    private static final int MAX_NESTING = 8;
    static final int MAX_ALIGNMENT = 1 << 24;
    private static final int LEAST_KEY_VALUE_BYTES = 8 + 4 + 1;
    private static final int LEAST_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8;

    private final String source;
    private final GgufInput in;
    private int nestedArrays;

    GgufParser(String source, GgufInput in) {
        this.source = source;
        this.in = in;
    }

    /** What the head of a file says. */
    record Head(int version, GgufMetadata metadata, int alignment, long dataOffset, List<GgufTensor> tensors) {}

    Head parse(long fileBytes) throws IOException {
        int version = readVersion();
        int tensorCount = in.readCount("tensors", LEAST_TENSOR_BYTES, MAX_TENSORS);
        int keyCount = in.readCount("metadata keys", LEAST_KEY_VALUE_BYTES, MAX_KEYS);
        GgufMetadata metadata = readMetadata(keyCount);
        int alignment = alignment(metadata);
        List<GgufTensor> relative = readTensors(tensorCount, alignment);
        long dataOffset = roundUp(in.position(), alignment);
        return new Head(version, metadata, alignment, dataOffset, place(relative, dataOffset, fileBytes));
    }

    static long roundUp(long position, int alignment) {
        return (position + alignment - 1) & -(long) alignment;
    }

    private int readVersion() throws IOException {
        int magic = in.readInt();
        if (magic != MAGIC) {
            throw in.fail(String.format(
                    "expected the magic bytes 47 47 55 46 (\"GGUF\"), found %02x %02x %02x %02x",
                    magic & 0xff, magic >>> 8 & 0xff, magic >>> 16 & 0xff, magic >>> 24));
        }
        int version = in.readInt();
        if ((version & 0xffff) == 0 && version != 0) {
            throw in.fail(
                    "this is a big-endian GGUF file; only little-endian ones are read (convert it on its machine)");
        }
        if (version != 2 && version != 3) {
            throw in.fail("expected GGUF version 2 or 3, found " + Integer.toUnsignedString(version));
        }
        return version;
    }

    private GgufMetadata readMetadata(int count) throws IOException {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            in.enter("name of metadata key " + i);
            String key = in.readName(MAX_KEY_BYTES);
            in.enter("metadata key '" + key + "'");
            GgufValue value = readValue(readValueType());
            if (values.put(key, value) != null) {
                throw in.fail("the key occurs twice");
            }
        }
        return new GgufMetadata(source, values);
    }

    private GgufValueType readValueType() throws IOException {
        int id = in.readInt();
        try {
            return GgufValueType.ofId(id);
        } catch (BadInputException e) {
            throw new BadInputException(in.message(e.getMessage()), e);
        }
    }

    private GgufValue readValue(GgufValueType type) throws IOException {
        return switch (type) {
            case UINT8, INT8 -> integer(type, in.readByte());
            case UINT16, INT16 -> integer(type, in.readShort());
            case UINT32, INT32 -> integer(type, in.readInt());
            case UINT64, INT64 -> integer(type, in.readLong());
            case FLOAT32 -> new GgufValue.Real(type, in.readInt() & 0xffffffffL);
            case FLOAT64 -> new GgufValue.Real(type, in.readLong());
            case BOOL -> new GgufValue.Bool(truth(in.readByte()));
            case STRING -> new GgufValue.Text(in.readString(MAX_STRING_BYTES));
            case ARRAY -> readArray(1);
        };
    }

    private static GgufValue integer(GgufValueType type, long bits) {
        return new GgufValue.Int(type, GgufValue.Int.extend(type, bits));
    }

    private boolean truth(byte value) {
        if ((value & ~1) != 0) {
            throw in.fail("a bool expects 0 or 1, found " + (value & 0xff));
        }
        return value != 0;
    }

    private GgufArray readArray(int depth) throws IOException {
        GgufValueType element = readValueType();
        return switch (element) {
            case STRING -> readStrings();
            case ARRAY -> readNested(depth);
            default -> readNumbers(element);
        };
    }

    private GgufArray.Numbers readNumbers(GgufValueType element) throws IOException {
        int count = in.readCount("elements of type " + element, element.bytes(), MAX_ARRAY_BYTES / element.bytes());
        byte[] packed = new byte[count * element.bytes()];
        in.readBytes(packed, 0, packed.length);
        if (element == GgufValueType.BOOL) {
            for (byte value : packed) {
                truth(value);
            }
        }
        return new GgufArray.Numbers(element, packed);
    }

    private GgufArray.Strings readStrings() throws IOException {
        int count = in.readCount("strings", Long.BYTES, MAX_ARRAY_BYTES / Long.BYTES);
        int[] ends = new int[count];
        byte[] bytes = new byte[(int) Math.min(8L * count, in.remaining() - 8L * count)];
        int end = 0;
        for (int i = 0; i < count; i++) {
            int length = in.readCount("bytes of a string", 1, MAX_STRING_BYTES);
            if (length > bytes.length - end) {
                bytes = Arrays.copyOf(bytes, grown(bytes.length, end, length));
            }
            in.readBytes(bytes, end, length);
            end += length;
            ends[i] = end;
        }
        return new GgufArray.Strings(bytes.length == end ? bytes : Arrays.copyOf(bytes, end), ends);
    }

    /** Half as much again, within what the file can still fill. */
    private int grown(int capacity, int used, int length) {
        long needed = (long) used + length;
        if (needed > MAX_ARRAY_BYTES) {
            throw in.fail("expected at most " + MAX_ARRAY_BYTES + " bytes of strings in an array, found more");
        }
        long wanted = Math.min(capacity + (capacity >> 1), used + in.remaining());
        return (int) Math.min(Math.max(needed, wanted), MAX_ARRAY_BYTES);
    }

    private GgufArray.Nested readNested(int depth) throws IOException {
        if (depth == MAX_NESTING) {
            throw in.fail("expected arrays nested at most " + MAX_NESTING + " deep, found more");
        }
        int count = in.readCount("arrays in an array", 12, MAX_NESTED_ARRAYS - nestedArrays);
        nestedArrays += count;
        List<GgufArray> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(readArray(depth + 1));
        }
        return new GgufArray.Nested(elements);
    }

    private int alignment(GgufMetadata metadata) {
        long alignment = metadata.findLong(ALIGNMENT_KEY).orElse(DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            in.enter("metadata key '" + ALIGNMENT_KEY + "'");
            throw in.fail("expected a power of two up to " + MAX_ALIGNMENT + ", found " + alignment);
        }
        return (int) alignment;
    }

    private List<GgufTensor> readTensors(int count, int alignment) throws IOException {
        List<GgufTensor> tensors = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            in.enter("name of tensor " + i);
            String name = in.readName(MAX_TENSOR_NAME_BYTES);
            in.enter("tensor '" + name + "'");
            if (!names.add(name)) {
                throw in.fail("the tensor occurs twice");
            }
            tensors.add(readTensor(name, alignment));
        }
        return tensors;
    }

    private GgufTensor readTensor(String name, int alignment) throws IOException {
        int rank = in.readInt();
        if (rank < 1 || rank > MAX_DIMS) {
            throw in.fail("expected 1 to " + MAX_DIMS + " dimensions, found " + Integer.toUnsignedString(rank));
        }
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = in.readLong();
        }
        int typeId = in.readInt();
        long offset = in.readLong();
        if (offset < 0 || offset % alignment != 0) {
            throw in.fail("expected an offset that is a multiple of " + alignment + ", found "
                    + Long.toUnsignedString(offset));
        }
        try {
            GgmlType type = GgmlType.ofId(typeId);
            return new GgufTensor(name, type, dims, 0, offset, type.tensorBytes(dims));
        } catch (BadInputException e) {
            throw new BadInputException(in.message(e.getMessage()), e);
        }
    }

    /** Turns offsets into the data section into offsets into the file, and checks that no two tensors share a byte. */
    private List<GgufTensor> place(List<GgufTensor> relative, long dataOffset, long fileBytes) {
        List<GgufTensor> tensors = new ArrayList<>(relative.size());
        for (GgufTensor tensor : relative) {
            in.enter("tensor '" + tensor.name() + "'");
            // Each offset is below 2^63, so the sum of the two cannot be trusted before this.
            if (tensor.offset() > fileBytes) {
                throw in.fail("expected its data within the file of " + fileBytes + " bytes, found an offset of "
                        + tensor.offset());
            }
            long room = fileBytes - dataOffset - tensor.offset();
            if (room < tensor.bytes()) {
                throw in.fail("expected " + tensor.bytes() + " bytes of data at byte " + tensor.offset()
                        + " of the data section, but the file ends "
                        + (room >= 0 ? room + " bytes after it" : -room + " bytes before it"));
            }
            tensors.add(new GgufTensor(
                    tensor.name(), tensor.type(), tensor.dims(), 0, dataOffset + tensor.offset(), tensor.bytes()));
        }
        List<GgufTensor> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparingLong(GgufTensor::offset));
        for (int i = 1; i < sorted.size(); i++) {
            GgufTensor before = sorted.get(i - 1);
            GgufTensor tensor = sorted.get(i);
            if (tensor.offset() < before.offset() + before.bytes()) {
                in.enter("tensor '" + tensor.name() + "'");
                throw in.fail("its data at byte " + tensor.offset() + " overlap those of tensor '" + before.name()
                        + "', which end at byte "
                        + (before.offset() + before.bytes()));
            }
        }
        return List.copyOf(tensors);
    }
}
