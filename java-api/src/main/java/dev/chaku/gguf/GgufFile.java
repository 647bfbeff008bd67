package dev.chaku.gguf;

import dev.chaku.BadInputException;
import dev.chaku.FileFault;
import java.io.EOFException;
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
 * The checked head of a GGUF file: its metadata and where its tensors lie.
 *
 * <p>Immutable and thread-safe; no file stays open, so there is nothing to close. Tensor data are read on demand by
 * {@link #readTensor} and are never mapped here.
 */
public final class GgufFile {
  private final Path path;
  private final long fileBytes;
  private final GgufParser.Head head;
  private final Map<String, GgufTensor> byName = new HashMap<>();

  private GgufFile(Path path, long fileBytes, GgufParser.Head head) {
    this.path = path;
    this.fileBytes = fileBytes;
    this.head = head;
    head.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
  }

  /**
   * Reads and checks metadata and tensor descriptors, of any file: after a successful return every tensor lies within
   * the file, is aligned and shares no byte with another.
   *
   * @throws BadInputException if the file cannot be read, is no GGUF of version 2 or 3, is big-endian, truncated, or
   *     breaks any rule of the format; the message names the file, the key or tensor, what was expected and found
   */
  public static GgufFile read(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long fileBytes = channel.size();
      GgufParser.Head head = new GgufParser(path.toString(), new GgufInput(path.toString(), channel)).parse(fileBytes);
      return new GgufFile(path, fileBytes, head);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  public Path path() {
    return path;
  }

  /** 2 or 3. */
  public int version() {
    return head.version();
  }

  /** Size of the file when it was read. */
  public long fileBytes() {
    return fileBytes;
  }

  /** What tensor offsets are multiples of, a power of two. */
  public int alignment() {
    return head.alignment();
  }

  /** File offset at which the data section begins. */
  public long dataOffset() {
    return head.dataOffset();
  }

  public GgufMetadata metadata() {
    return head.metadata();
  }

  /** All tensors in the order of their descriptors; unmodifiable. */
  public List<GgufTensor> tensors() {
    return head.tensors();
  }

  public Optional<GgufTensor> findTensor(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The tensor of this name.
   *
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
   * Reads a part of a tensor's data: as many bytes as the buffer has room for. Any tensor size is fine; loop over parts
   * for one past 2 GiB.
   *
   * @param from first byte, counted from the start of the tensor
   * @throws BadInputException if the part reaches past the tensor, or the file can no longer be read there
   */
  public void readTensor(GgufTensor tensor, long from, ByteBuffer target) {
    if (from < 0 || from > tensor.bytes() - target.remaining()) {
      throw new BadInputException(path + ": tensor '" + tensor.name() + "' has " + tensor.bytes() + " bytes, asked for "
          + target.remaining() + " from byte " + from);
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long position = tensor.offset() + from;
      while (target.hasRemaining()) {
        int read = channel.read(target, position);
        if (read < 0) {
          throw new EOFException(
              "the file ended within tensor '" + tensor.name() + "'; it was cut short after it was opened");
        }
        position += read;
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /**
   * Reads a whole tensor into a new direct, little-endian buffer.
   *
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

  /** A source that copies a tensor's data into a {@link GgufWriter}. */
  public GgufWriter.TensorSource copyOf(GgufTensor tensor) {
    return out -> {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        long done = 0;
        while (done < tensor.bytes()) {
          long copied = channel.transferTo(tensor.offset() + done, tensor.bytes() - done, out);
          if (copied <= 0) {
            throw new EOFException(path + ": the file ended within tensor '" + tensor.name() + "'");
          }
          done += copied;
        }
      }
    };
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
    return path + ": GGUF v" + version() + ", " + metadata().asMap().size() + " keys, " + tensors().size() + " tensors";
  }
}
