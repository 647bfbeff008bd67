package dev.chaku.benchmarks.compare;

import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.FormatMix;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Writes a GGUF file of a shape with random weights and a vocabulary of its size: what all programs of a comparison open. */
final class ModelFile {
  private static final float NORM_EPSILON = 1e-5f;
  private static final int CONTEXT = 4096;

  private final PeerShape shape;
  private final FormatMix mix;
  private final GgufWriter writer;
  private final Map<GgmlType, RandomBlocks> pools = new EnumMap<>(GgmlType.class);
  private long tensors;

  private ModelFile(PeerShape shape, FormatMix mix, Path file) {
    this.shape = shape;
    this.mix = mix;
    this.writer = GgufWriter.to(file).overwrite(true);
  }

  /**
   * The file of a shape and a format in a folder; written unless it is there.
   *
   * @param format for instance {@code q4_k_m}
   */
  static Path in(Path folder, PeerShape shape, String format) throws IOException {
    Path file = folder.resolve(shape.name() + "-" + format + ".gguf");
    if (!Files.exists(file)) {
      Files.createDirectories(folder);
      new ModelFile(shape, FormatMix.valueOf(format.toUpperCase(Locale.ROOT)), file).write();
    }
    return file;
  }

  private void write() {
    String prefix = shape.architecture() + ".";
    writer
        .put("general.architecture", shape.architecture())
        .put("general.name", "random " + shape.name())
        .put(prefix + "context_length", CONTEXT)
        .put(prefix + "embedding_length", shape.width())
        .put(prefix + "block_count", shape.layers())
        .put(prefix + "feed_forward_length", shape.ffWidth())
        .put(prefix + "attention.head_count", shape.heads())
        .put(prefix + "attention.head_count_kv", shape.kvHeads())
        .put(prefix + "attention.layer_norm_rms_epsilon", NORM_EPSILON)
        .put(prefix + "rope.dimension_count", shape.headDim())
        .put(prefix + "rope.freq_base", shape.ropeBase());
    PlainVocabulary.put(writer, shape.vocabSize());
    matrix(DecoderModule.TOKEN_EMBEDDING.at(-1), shape.vocabSize(), shape.width());
    vector(DecoderModule.OUTPUT_NORM.at(-1).name() + ".weight", shape.width(), 1);
    for (int l = 0; l < shape.layers(); l++) {
      layer(l);
    }
    writer.write();
  }

  private void layer(int l) {
    vector(DecoderModule.ATTN_NORM.at(l).name() + ".weight", shape.width(), 1);
    matrix(DecoderModule.ATTN_Q.at(l), shape.width(), shape.width());
    matrix(DecoderModule.ATTN_K.at(l), shape.kvWidth(), shape.width());
    matrix(DecoderModule.ATTN_V.at(l), shape.kvWidth(), shape.width());
    matrix(DecoderModule.ATTN_OUTPUT.at(l), shape.width(), shape.width());
    if (shape.qkvBias()) {
      vector(DecoderModule.ATTN_Q.at(l).name() + ".bias", shape.width(), 0);
      vector(DecoderModule.ATTN_K.at(l).name() + ".bias", shape.kvWidth(), 0);
      vector(DecoderModule.ATTN_V.at(l).name() + ".bias", shape.kvWidth(), 0);
    }
    vector(DecoderModule.FFN_NORM.at(l).name() + ".weight", shape.width(), 1);
    matrix(DecoderModule.FFN_GATE.at(l), shape.ffWidth(), shape.width());
    matrix(DecoderModule.FFN_UP.at(l), shape.ffWidth(), shape.width());
    matrix(DecoderModule.FFN_DOWN.at(l), shape.width(), shape.ffWidth());
  }

  /** Normal values of the deviation that keeps the size of what a matrix multiplies. */
  private void matrix(DecoderModule.Place place, long rows, int columns) {
    GgmlType type = mix.of(place, shape.layers(), true, columns);
    long seed = ++tensors;
    float deviation = (float) (1 / Math.sqrt(columns));
    RandomBlocks pool = pools.computeIfAbsent(type, RandomBlocks::new);
    writer.tensor(
        place.name() + ".weight",
        type,
        new long[] {columns, rows},
        out -> pool.write(out, rows * columns, deviation, seed));
  }

  private void vector(String name, int size, float mean) {
    long seed = ++tensors;
    writer.tensor(name, GgmlType.F32, new long[] {size}, out -> out.write(RandomBlocks.floats(size, mean, 0.1f, seed)));
  }
}
