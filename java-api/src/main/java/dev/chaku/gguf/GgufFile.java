package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The checked head of a GGUF file, or of the files into which a model is split: its metadata and where its tensors lie.
 *
 * <p>Parts named {@code NAME-00001-of-00003.gguf} are one model, whichever of them is asked for. Immutable and
 * thread-safe; no file stays open, so there is nothing to close. Tensor data are read on demand by {@link #readTensor}
 * and are never mapped here.
 */
public final class GgufFile {
    private static final int COPIED_AT_ONCE = 1 << 18;

    private final Path path;
    private final List<Part> parts;
    private final GgufParser.Head head;
    private final Map<String, GgufTensor> byName = new HashMap<>();

    /**
     * One file of a model.
     *
     * @param bytes its size when it was read
     */
    public record Part(Path path, long bytes) {}

    /** @param head metadata of the whole, and the tensors of all parts */
    GgufFile(List<Part> parts, GgufParser.Head head) {
        this.path = parts.get(0).path();
        this.parts = List.copyOf(parts);
        this.head = head;
        head.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
    }

    /**
     * Reads and checks metadata and tensor descriptors, of any file: after a successful return every tensor lies within
     * its file, is aligned and shares no byte with another, and all parts of a split model are there and belong
     * together.
     *
     * @param path a file, or any part of a split model
     * @return the file
     * @throws BadInputException if the file cannot be read, is no GGUF of version 2 or 3, is big-endian, truncated, or
     *     breaks any rule of the format, or if a part is missing or another's; the message names the file, the key or
     *     tensor, what was expected and found
     */
    public static GgufFile read(Path path) {
        GgufFile file = readAlone(path);
        return GgufParts.isPart(file) ? GgufParts.read(file) : file;
    }

    /** Reads one file, whether or not it is a part of a model. */
    static GgufFile readAlone(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long fileBytes = channel.size();
            GgufParser.Head head =
                    new GgufParser(path.toString(), new GgufInput(path.toString(), channel)).parse(fileBytes);
            return new GgufFile(List.of(new Part(path, fileBytes)), head);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** {@return the file; of a split model, its first part} */
    public Path path() {
        return path;
    }

    /** {@return the files in their order: one, or as many as the model is split into; unmodifiable} */
    public List<Part> parts() {
        return parts;
    }

    /** {@return 2 or 3; of a split model, the first part's} */
    public int version() {
        return head.version();
    }

    /** {@return the size of the file when it was read, or of all parts together} */
    public long fileBytes() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    /** {@return what tensor offsets are multiples of, a power of two; of a split model, the first part's} */
    public int alignment() {
        return head.alignment();
    }

    /** {@return the file offset at which the data section begins; of a split model, the first part's} */
    public long dataOffset() {
        return head.dataOffset();
    }

    /** {@return the key values; of a split model those of the whole, without the ones that say how it is split} */
    public GgufMetadata metadata() {
        return head.metadata();
    }

    /** {@return all tensors in the order of their descriptors; unmodifiable} */
    public List<GgufTensor> tensors() {
        return head.tensors();
    }

    /**
     * {@return the tensor of this name; empty if the file has none}
     *
     * @param name case-sensitive
     */
    public Optional<GgufTensor> findTensor(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * {@return the tensor of this name}
     *
     * @param name case-sensitive
     * @throws BadInputException if the file has none
     */
    public GgufTensor requireTensor(String name) {
        GgufTensor tensor = byName.get(name);
        if (tensor == null) {
            throw new BadInputException(
                    path + ": expected a tensor '" + name + "', found none of that name among " + byName.size());
        }
        return tensor;
    }

    /**
     * Reads a part of a tensor's data: as many bytes as the buffer has room for. Any tensor size is fine; loop over
     * parts for one past 2 GiB.
     *
     * @param tensor one of this file's
     * @param from first byte, counted from the start of the tensor
     * @param target what remains of it is filled
     * @throws BadInputException if the part reaches past the tensor, or the file can no longer be read there
     */
    public void readTensor(GgufTensor tensor, long from, ByteBuffer target) {
        if (from < 0 || from > tensor.bytes() - target.remaining()) {
            throw new BadInputException(path + ": tensor '" + tensor.name() + "' has " + tensor.bytes()
                    + " bytes, asked for " + target.remaining() + " from byte " + from);
        }
        Path file = fileOf(tensor);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long position = tensor.offset() + from;
            while (target.hasRemaining()) {
                int read = channel.read(target, position);
                if (read < 0) {
                    throw cutShort(file, tensor);
                }
                position += read;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static BadInputException cutShort(Path file, GgufTensor tensor) {
        return new BadInputException(
                file + ": the file ended within tensor '" + tensor.name() + "'; it was cut short after it was opened");
    }

    private Path fileOf(GgufTensor tensor) {
        return parts.get(tensor.part()).path();
    }

    /**
     * Reads a whole tensor into a new direct, little-endian buffer.
     *
     * @param tensor one of this file's
     * @return the bytes, from position 0
     * @throws BadInputException if it is larger than 2 GiB, or the file can no longer be read
     */
    public ByteBuffer readTensor(GgufTensor tensor) {
        if (tensor.bytes() > Integer.MAX_VALUE) {
            throw new BadInputException(path + ": tensor '" + tensor.name() + "' has " + tensor.bytes()
                    + " bytes, which is too large for one buffer; read it in parts");
        }
        ByteBuffer target = ByteBuffer.allocateDirect((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        readTensor(tensor, 0, target);
        return target.flip();
    }

    /**
     * {@return a source that copies a tensor's data into a {@link GgufWriter}}
     *
     * @param tensor one of this file's
     */
    public GgufWriter.TensorSource copyOf(GgufTensor tensor) {
        return out -> {
            Path file = fileOf(tensor);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                // Not transferTo, which takes the failure of a write for the end of what could be copied.
                ByteBuffer piece = ByteBuffer.allocate(COPIED_AT_ONCE);
                for (long done = 0; done < tensor.bytes(); ) {
                    piece.clear().limit((int) Math.min(piece.capacity(), tensor.bytes() - done));
                    int read = channel.read(piece, tensor.offset() + done);
                    if (read <= 0) {
                        throw cutShort(file, tensor);
                    }
                    done += read;
                    piece.flip();
                    while (piece.hasRemaining()) {
                        out.write(piece);
                    }
                }
            }
        };
    }

    /**
     * {@return the SHA-256, in hexadecimal, of the file's bytes; of a split model, of the bytes of the file that
     * joining its parts makes, so that both have one hash} Reads everything.
     *
     * @throws BadInputException if a file can no longer be read
     */
    public String sha256() {
        try {
            if (parts.size() == 1) {
                return Sha256.of(path);
            }
            Sha256 sum = new Sha256();
            GgufParts.joined(this, path).writeTo(sum.channel());
            return sum.hex();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static BadInputException unreadable(Path path, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new BadInputException(path + ": expected a GGUF file, found no such file", e);
        }
        if (Files.isDirectory(path)) {
            return new BadInputException(path + ": expected a GGUF file, found a folder", e);
        }
        return FileFault.notRead(path, e);
    }

    @Override
    public String toString() {
        return path + ": GGUF v" + version() + ", " + metadata().asMap().size() + " keys, "
                + tensors().size() + " tensors" + (parts.size() > 1 ? " in " + parts.size() + " parts" : "");
    }
}
