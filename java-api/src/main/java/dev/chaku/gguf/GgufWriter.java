package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Disk;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/**
 * Writes a GGUF file of version 3: collect key values and tensors, then {@link #write()}.
 *
 * <p>Key values and tensors stand in the order in which they were added. Tensor data are asked for one tensor after the
 * other while the file is written, so a file may be larger than memory. The file is a {@link NewFile}: readers see the
 * whole of it or none, and a failure leaves nothing behind. Not thread-safe.
 */
public final class GgufWriter {
    /** The longest tensor name that ggml reads. */
    private static final int MAX_TENSOR_NAME_BYTES = 63;

    private final Path target;
    private final UnaryOperator<WritableByteChannel> tap;
    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private boolean overwrite;

    private record Entry(String name, GgmlType type, long[] dims, long bytes, TensorSource source) {}

    /** Delivers a tensor's data. */
    @FunctionalInterface
    public interface TensorSource {
        /**
         * Writes exactly the tensor's bytes, in any number of parts, each wholly taken by one call of {@code write}.
         *
         * @param out takes the bytes; stays open
         * @throws java.io.IOException if the channel refuses them
         */
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** The tap stands between the writer and the file, so that tests can let a disk run full. */
    GgufWriter(Path target, UnaryOperator<WritableByteChannel> tap) {
        this.target = target;
        this.tap = tap;
    }

    /**
     * {@return a writer of a file that must not exist yet, see {@link #overwrite}}
     *
     * @param target the file to write
     */
    public static GgufWriter to(Path target) {
        return new GgufWriter(target, UnaryOperator.identity());
    }

    /**
     * Allows the file to be there already; it stays as it is until the new one is complete.
     *
     * @param allowed true if a file that is there may be replaced
     * @return this
     */
    public GgufWriter overwrite(boolean allowed) {
        overwrite = allowed;
        return this;
    }

    /**
     * Adds a key value, or replaces the one of the same key in its place. {@code general.alignment} also sets the
     * alignment of this file, which is 32 otherwise.
     *
     * @param key of the key value, case-sensitive
     * @param value what it is set to
     * @return this
     * @throws BadInputException if the key is empty or longer than 65535 bytes
     */
    public GgufWriter put(String key, GgufValue value) {
        int bytes = key.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > GgufParser.MAX_KEY_BYTES) {
            throw new BadInputException(
                    target + ": a metadata key expects 1 to " + GgufParser.MAX_KEY_BYTES + " bytes, found " + bytes);
        }
        values.put(key, value);
        return this;
    }

    /**
     * A {@code STRING}.
     *
     * @param key of the key value, case-sensitive
     * @param value what it is set to
     * @return this
     */
    public GgufWriter put(String key, String value) {
        return put(key, GgufValue.of(value));
    }

    /**
     * A {@code UINT32}.
     *
     * @param key of the key value, case-sensitive
     * @param value what it is set to
     * @return this
     */
    public GgufWriter put(String key, int value) {
        return put(key, GgufValue.ofUint32(value));
    }

    /**
     * A {@code FLOAT32}.
     *
     * @param key of the key value, case-sensitive
     * @param value what it is set to
     * @return this
     */
    public GgufWriter put(String key, float value) {
        return put(key, GgufValue.of(value));
    }

    /**
     * A {@code BOOL}.
     *
     * @param key of the key value, case-sensitive
     * @param value what it is set to
     * @return this
     */
    public GgufWriter put(String key, boolean value) {
        return put(key, GgufValue.of(value));
    }

    /**
     * Adds all key values of these metadata.
     *
     * @param metadata key values of a model file
     * @return this
     */
    public GgufWriter putAll(GgufMetadata metadata) {
        metadata.asMap().forEach(this::put);
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param name 1 to 63 bytes, not yet used
     * @param type the format of the data
     * @param dims 1 to 4 positive sizes, contiguous one first, that one a multiple of the type's block
     * @param source asked for the data once, while the file is written
     * @return this
     * @throws BadInputException if one of these does not hold
     */
    public GgufWriter tensor(String name, GgmlType type, long[] dims, TensorSource source) {
        int nameBytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (nameBytes == 0 || nameBytes > MAX_TENSOR_NAME_BYTES) {
            throw new BadInputException(target + ": tensor name '" + name + "' expects 1 to " + MAX_TENSOR_NAME_BYTES
                    + " bytes, found " + nameBytes);
        }
        if (dims.length > GgufParser.MAX_DIMS) {
            throw new BadInputException(target + ": tensor '" + name + "' expects 1 to " + GgufParser.MAX_DIMS
                    + " dimensions, found " + dims.length);
        }
        long bytes;
        try {
            bytes = type.tensorBytes(dims);
        } catch (BadInputException e) {
            throw new BadInputException(target + ": tensor '" + name + "': " + e.getMessage(), e);
        }
        if (tensors.putIfAbsent(name, new Entry(name, type, dims.clone(), bytes, source)) != null) {
            throw new BadInputException(target + ": tensor '" + name + "' was added twice");
        }
        return this;
    }

    /**
     * Adds a tensor whose data are the bytes that remain in a buffer, which must stay as it is until {@link #write}.
     *
     * @param name 1 to 63 bytes, not yet used
     * @param type the format of the data
     * @param dims 1 to 4 positive sizes, the contiguous one first
     * @param data exactly the tensor's bytes
     * @return this
     */
    public GgufWriter tensor(String name, GgmlType type, long[] dims, ByteBuffer data) {
        ByteBuffer view = data.duplicate();
        return tensor(name, type, dims, out -> out.write(view.duplicate()));
    }

    /**
     * Writes the file.
     *
     * @throws BadInputException if the file exists and may not be replaced, or its folder cannot be written to
     * @throws ResourceException if the disk is or runs full
     * @throws IllegalStateException if a source delivers more or fewer bytes than its tensor has
     */
    public void write() {
        writeAll(List.of(this));
    }

    /**
     * Writes several files that belong together: all or none, and none is put in its place before all are complete.
     *
     * @param writers of different files
     * @throws BadInputException as {@link #write}, before the first is begun where that can be known
     * @throws ResourceException if the disk is or runs full
     */
    public static void writeAll(List<GgufWriter> writers) {
        writers.forEach(writer -> writer.newFile().check());
        List<FileDraft> drafts = new ArrayList<>();
        boolean done = false;
        try {
            checkSpace(writers);
            for (GgufWriter writer : writers) {
                FileDraft draft = writer.newFile().begin();
                drafts.add(draft);
                writer.writeInto(draft);
            }
            drafts.forEach(FileDraft::place);
            done = true;
        } finally {
            if (!done) {
                drafts.forEach(FileDraft::takeBack);
            }
            drafts.forEach(FileDraft::close);
        }
    }

    private NewFile newFile() {
        return NewFile.at(target).overwrite(overwrite);
    }

    private void writeInto(FileDraft draft) {
        try {
            writeTo(tap.apply(draft.channel()));
        } catch (IOException e) {
            throw FileFault.notWritten(target, e);
        }
        draft.finish();
    }

    /** Writes what the file would hold into any channel, which stays open. */
    void writeTo(WritableByteChannel channel) throws IOException {
        int alignment = alignment();
        GgufOutput out = new GgufOutput(channel);
        writeHead(out, alignment);
        if (!tensors.isEmpty()) {
            out.padTo(alignment);
        }
        for (Entry tensor : tensors.values()) {
            writeData(out, tensor);
            out.padTo(alignment);
        }
        out.flush();
    }

    /** The size of the file as it would be now. */
    long fileBytes() {
        int alignment = alignment();
        long data = tensors.values().stream()
                .mapToLong(tensor -> GgufParser.roundUp(tensor.bytes(), alignment))
                .sum();
        return tensors.isEmpty() ? headBytes() : GgufParser.roundUp(headBytes(), alignment) + data;
    }

    /** Bytes before the data of the tensors, without what they are padded with. */
    long headBytes() {
        long bytes = GgufParser.HEADER_BYTES + (long) values.size() * (Long.BYTES + Integer.BYTES);
        for (Map.Entry<String, GgufValue> entry : values.entrySet()) {
            bytes += utf8Bytes(entry.getKey()) + GgufOutput.bytes(entry.getValue());
        }
        for (Entry tensor : tensors.values()) {
            bytes += descriptorBytes(tensor.name(), tensor.dims().length);
        }
        return bytes;
    }

    /** What the description of a tensor takes in a file, without its data. */
    static long descriptorBytes(String name, int dimensions) {
        return 2L * Long.BYTES + 2L * Integer.BYTES + utf8Bytes(name) + (long) dimensions * Long.BYTES;
    }

    private static int utf8Bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private int alignment() {
        long alignment = new GgufMetadata(target.toString(), values)
                .findLong(GgufParser.ALIGNMENT_KEY)
                .orElse(GgufParser.DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > GgufParser.MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw new BadInputException(target + ": metadata key '" + GgufParser.ALIGNMENT_KEY
                    + "' expects a power of two up to " + GgufParser.MAX_ALIGNMENT + ", found " + alignment);
        }
        return (int) alignment;
    }

    /** Refuses before the first byte what cannot fit; metadata are small beside tensors and not counted. */
    private static void checkSpace(List<GgufWriter> writers) {
        Path first = writers.get(0).target;
        long needed = 0;
        for (GgufWriter writer : writers) {
            int alignment = writer.alignment();
            for (Entry tensor : writer.tensors.values()) {
                needed += GgufParser.roundUp(tensor.bytes(), alignment);
                if (needed < 0) {
                    throw new BadInputException(first + ": the tensors together exceed 63 bits of bytes");
                }
            }
        }
        OptionalLong free = Disk.freeBytes(first.toAbsolutePath().getParent());
        if (free.isPresent() && needed > free.getAsLong()) {
            throw new ResourceException(first + ": needs " + needed + " bytes, but its disk has " + free.getAsLong()
                    + " free; free some or choose another folder");
        }
    }

    private void writeHead(GgufOutput out, int alignment) throws IOException {
        out.writeInt(GgufParser.MAGIC);
        out.writeInt(3);
        out.writeLong(tensors.size());
        out.writeLong(values.size());
        for (Map.Entry<String, GgufValue> entry : values.entrySet()) {
            out.writeString(entry.getKey());
            out.writeInt(entry.getValue().type().id());
            out.writeValue(entry.getValue());
        }
        long offset = 0;
        for (Entry tensor : tensors.values()) {
            out.writeString(tensor.name());
            out.writeInt(tensor.dims().length);
            for (long dim : tensor.dims()) {
                out.writeLong(dim);
            }
            out.writeInt(tensor.type().id());
            out.writeLong(offset);
            offset += GgufParser.roundUp(tensor.bytes(), alignment);
        }
    }

    private void writeData(GgufOutput out, Entry tensor) throws IOException {
        long start = out.position();
        tensor.source().writeTo(out);
        long written = out.position() - start;
        if (written != tensor.bytes()) {
            throw new IllegalStateException(target + ": the source of tensor '" + tensor.name() + "' wrote " + written
                    + " bytes, expected " + tensor.bytes());
        }
    }
}
