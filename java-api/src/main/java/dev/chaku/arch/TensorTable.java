package dev.chaku.arch;

import dev.chaku.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Picks a family's tensors from a file, checks their shapes, and refuses what is left over. Not thread-safe.
 */
final class TensorTable {
  private final GgufFile file;
  private final String architecture;
  private final List<TensorSpec> picked = new ArrayList<>();
  private final Set<String> understood = new HashSet<>();

  TensorTable(GgufFile file, String architecture) {
    this.file = file;
    this.architecture = architecture;
  }

  /** A required matrix [rows, columns]. */
  void matrix(DecoderModule.Place place, long rows, long columns) {
    require(place, TensorSpec.Kind.WEIGHT, rows, columns);
  }

  /** A required vector. */
  void vector(DecoderModule.Place place, long columns) {
    require(place, TensorSpec.Kind.WEIGHT, 1, columns);
  }

  /** A vector that the family has, may have or does not have. */
  void vector(DecoderModule.Place place, TensorSpec.Kind kind, DenseTraits.Presence presence, long columns) {
    switch (presence) {
      case NONE -> { }
      case OPTIONAL -> find(place, kind, 1, columns);
      case REQUIRED -> require(place, kind, 1, columns);
    }
  }

  /** A matrix that may be absent. */
  Optional<TensorSpec> findMatrix(DecoderModule.Place place, long rows, long columns) {
    return find(place, TensorSpec.Kind.WEIGHT, rows, columns);
  }

  /** A vector of positive numbers that describes rather than computes; it becomes no part of the decoder. */
  Optional<float[]> readVector(String name, int length) {
    understood.add(name);
    return file.findTensor(name).map(tensor -> {
      if (tensor.type() != GgmlType.F32 || !Arrays.equals(tensor.dims(), new long[] {length})) {
        throw mismatch(tensor, "f32 [" + length + "]");
      }
      float[] values = new float[length];
      file.readTensor(tensor).asFloatBuffer().get(values);
      for (float value : values) {
        if (!(value > 0)) {
          throw new BadInputException(file.path() + ": tensor " + name + " expects positive numbers, found " + value);
        }
      }
      return values;
    });
  }

  /** All tensors picked. Refuses every other tensor of the file, but for those that change no number. */
  List<TensorSpec> finish(Pattern harmless) {
    for (GgufTensor tensor : file.tensors()) {
      if (!understood.contains(tensor.name()) && !harmless.matcher(tensor.name()).matches()) {
        throw new BadInputException(
            file.path() + ": tensor " + tensor.name() + " is not supported for architecture " + architecture
                + " and may change the results");
      }
    }
    return picked;
  }

  private void require(DecoderModule.Place place, TensorSpec.Kind kind, long rows, long columns) {
    if (find(place, kind, rows, columns).isEmpty()) {
      String suffix = kind == TensorSpec.Kind.WEIGHT ? ".weight" : ".bias";
      throw new BadInputException(
          file.path() + ": tensor " + place.name() + suffix + " is missing; expected " + shape(rows, columns)
              + " for architecture " + architecture);
    }
  }

  private Optional<TensorSpec> find(DecoderModule.Place place, TensorSpec.Kind kind, long rows, long columns) {
    String name = place.name() + (kind == TensorSpec.Kind.WEIGHT ? ".weight" : ".bias");
    understood.add(name);
    Optional<GgufTensor> found = file.findTensor(name);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    GgufTensor tensor = found.get();
    boolean rightSize = tensor.dim(0) == columns && tensor.dim(1) == rows && tensor.dim(2) == 1 && tensor.dim(3) == 1;
    if (!rightSize) {
      throw mismatch(tensor, shape(rows, columns));
    }
    TensorSpec spec = new TensorSpec(place, kind, tensor.type(), rows, columns);
    picked.add(spec);
    return Optional.of(spec);
  }

  private BadInputException mismatch(GgufTensor tensor, String expected) {
    return new BadInputException(
        file.path() + ": tensor " + tensor.name() + " expects " + expected + ", found "
            + tensor.type().name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(tensor.dims()));
  }

  /** As files write it: contiguous dimension first. */
  private static String shape(long rows, long columns) {
    return rows == 1 ? "[" + columns + "]" : "[" + columns + ", " + rows + "]";
  }
}
