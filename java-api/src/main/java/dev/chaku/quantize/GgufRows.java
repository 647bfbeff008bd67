package dev.chaku.quantize;

import dev.chaku.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.NativeFormats;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** The rows of a tensor of a file, decoded. Thread-safe. */
public final class GgufRows implements RowSource {
  private final GgufFile file;
  private final GgufTensor tensor;

  /** @throws BadInputException if the core cannot decode the tensor's format */
  public GgufRows(GgufFile file, GgufTensor tensor) {
    this.file = file;
    this.tensor = tensor;
    if (NativeFormats.describe(tensor.type().id()).isEmpty()) {
      throw new BadInputException(
          file.path() + ": tensor " + tensor.name() + " has the format " + tensor.type() + ", which this build cannot decode");
    }
  }

  @Override
  public void read(long row, FloatBuffer target, Scratch scratch) {
    long columns = tensor.dim(0);
    long rowBytes = tensor.type().rowBytes(columns);
    int bytes = Math.toIntExact(target.remaining() / columns * rowBytes);
    ByteBuffer buffer = scratch.bytes(bytes);
    file.readTensor(tensor, row * rowBytes, buffer);
    NativeFormats.dequantize(tensor.type().id(), buffer.flip(), target);
  }
}
