package dev.chaku.arch;

import static dev.chaku.arch.TensorSpec.Kind.BIAS;
import static dev.chaku.arch.TensorSpec.Kind.WEIGHT;

import dev.chaku.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.DecoderOptions;
import dev.chaku.internal.LayerOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a decoder of the llama kind from a file, dense or with experts in each layer. Used once. */
final class DenseDecoder {
  /** Far beyond any model: keeps sums and products of sizes within 63 bits. */
  private static final int MOST = 1 << 24;

  private static final int MOST_LAYERS = 4096;

  /** Says how the converter stored something that it has undone, or repeats what the tokenizer says. */
  private static final List<String> HARMLESS_KEYS =
      List.of("tensor_data_layout", "rope.scaling.finetuned", "vocab_size");

  /** Precomputed rotations of early converters. */
  private static final Pattern HARMLESS_TENSORS = Pattern.compile("blk\\.\\d+\\.(attn_rot_embd|attn\\.rope\\.freqs)(\\.weight)?");

  private final GgufFile file;
  private final String architecture;
  private final DenseTraits traits;
  private final ArchitectureKeys keys;
  private final TensorTable tensors;
  private @Nullable ExpertTraits expertTraits;
  private boolean sinks;

  DenseDecoder(GgufFile file, String architecture, DenseTraits traits) {
    this.file = file;
    this.architecture = architecture;
    this.traits = traits;
    this.keys = new ArchitectureKeys(file, architecture);
    this.tensors = new TensorTable(file, architecture);
  }

  /** The family has layers of experts. */
  DenseDecoder experts(ExpertTraits newTraits) {
    expertTraits = newTraits;
    return this;
  }

  /** Each attention head has a score without a value. */
  DenseDecoder sinks() {
    sinks = true;
    return this;
  }

  /** A module's tensors have another name than usual. */
  DenseDecoder rename(DecoderModule module, String name) {
    tensors.rename(module, name);
    return this;
  }

  DecoderSpec map() {
    ExpertLayers experts = new ExpertLayers(keys, tensors, expertTraits);
    if (!keys.bool("attention.causal", true)) {
      throw keys.error("attention.causal", "true", "false");
    }
    int layers = keys.count("block_count", MOST_LAYERS);
    int width = keys.count("embedding_length", MOST);
    int context = keys.count("context_length", Integer.MAX_VALUE);
    int[] heads = keys.perLayer("attention.head_count", layers, MOST);
    int[] kvHeads = keys.has("attention.head_count_kv") ? keys.perLayer("attention.head_count_kv", layers, MOST) : heads;
    int[] ffWidths = keys.perLayer("feed_forward_length", layers, MOST);
    int headDim = headDim(width, heads[0]);
    RopeSpec rope = rope(headDim, context);
    float epsilon = keys.requirePositive("attention.layer_norm_rms_epsilon");
    double attentionScale = keys.findPositive("attention.scale").orElse(1 / Math.sqrt(headDim));
    int window = window(context);

    int vocabSize = Math.toIntExact(Math.min(Integer.MAX_VALUE, vocabSize()));
    DecoderOptions decoder = new DecoderOptions(layers, width, vocabSize, epsilon);
    List<LayerOptions> layerOptions = new ArrayList<>();
    pickGlobals(decoder);
    for (int l = 0; l < layers; l++) {
      if (heads[l] % kvHeads[l] != 0) {
        throw keys.error("attention.head_count_kv", "a divisor of " + heads[l] + " heads", Integer.toString(kvHeads[l]));
      }
      LayerOptions layer =
          new LayerOptions(
                  heads[l], kvHeads[l], headDim, ffWidths[l], LayerOptions.SILU, window, 0, (float) attentionScale, 0, 0, 0)
              .withExperts(experts.options(ffWidths[l]));
      pickLayer(l, width, layer);
      pickFeedForward(l, width, layer, experts);
      layerOptions.add(layer);
    }
    keys.harmless(HARMLESS_KEYS);
    keys.refuseOthers();
    return new DecoderSpec(
        architecture, context, decoder, List.of(rope), layerOptions, tensors.finish(HARMLESS_TENSORS));
  }

  private int headDim(int width, int heads) {
    int keyLength = keys.findInt("attention.key_length", 1, MOST).orElse(0);
    int valueLength = keys.findInt("attention.value_length", 1, MOST).orElse(keyLength);
    if (keyLength == 0 && width % heads != 0) {
      throw keys.error("attention.head_count", "a divisor of the width " + width, Integer.toString(heads));
    }
    int headDim = keyLength == 0 ? width / heads : keyLength;
    if (valueLength != 0 && valueLength != headDim) {
      throw keys.error("attention.value_length", "the key length " + headDim, Integer.toString(valueLength));
    }
    return headDim;
  }

  private int window(int context) {
    int window = keys.findInt("attention.sliding_window", 0, Integer.MAX_VALUE).orElse(0);
    if (window == 0 || window >= context) {
      return 0;
    }
    if (!traits.slidingWindow()) {
      throw keys.error("attention.sliding_window", "none shorter than the context (" + context + ")", "" + window);
    }
    return window;
  }

  private RopeSpec rope(int headDim, int context) {
    int dims = keys.findInt("rope.dimension_count", 2, headDim).orElse(headDim);
    if (dims % 2 != 0) {
      throw keys.error("rope.dimension_count", "an even number", Integer.toString(dims));
    }
    double base = keys.findPositive("rope.freq_base").orElse(10000);
    RopeScaling scaling = scaling(context);
    double[] plain = RopeScaling.plain(dims, base);
    Optional<float[]> factors = tensors.readVector("rope_freqs.weight", plain.length);
    factors.ifPresent(f -> Arrays.setAll(plain, i -> plain[i] / f[i]));
    double magnitude = scaling.magnitude() * keys.findPositive("rope.scaling.attn_factor").orElse(1);
    return new RopeSpec(traits.pairing(), (float) magnitude, scaling.apply(plain, base));
  }

  /** Files without a kind but with a factor mean the linear one, as does the key that was there before kinds were. */
  private RopeScaling scaling(int context) {
    String kind = keys.string("rope.scaling.type", "linear");
    double before = keys.findPositive("rope.scale_linear").orElse(1);
    double factor = keys.findPositive("rope.scaling.factor").orElse(before);
    int original = keys.findInt("rope.scaling.original_context_length", 1, Integer.MAX_VALUE).orElse(context);
    double betaFast = keys.findPositive("rope.scaling.yarn_beta_fast").orElse(32);
    double betaSlow = keys.findPositive("rope.scaling.yarn_beta_slow").orElse(1);
    double logMultiplier = keys.findPositive("rope.scaling.yarn_log_multiplier").orElse(0);
    return switch (kind) {
      case "none" -> new RopeScaling.None();
      case "linear" -> factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
      case "yarn" -> new RopeScaling.Yarn(factor, original, betaFast, betaSlow, logMultiplier);
      default -> throw keys.error("rope.scaling.type", "none, linear or yarn", kind);
    };
  }

  private long vocabSize() {
    GgufTensor embedding = file.findTensor("token_embd.weight").orElseThrow(
        () -> new BadInputException(file.path() + ": tensor token_embd.weight is missing"));
    return embedding.dim(1);
  }

  private void pickGlobals(DecoderOptions decoder) {
    tensors.matrix(DecoderModule.TOKEN_EMBEDDING.at(-1), decoder.vocabSize(), decoder.width());
    tensors.vector(DecoderModule.OUTPUT_NORM.at(-1), decoder.width());
    tensors.findMatrix(DecoderModule.OUTPUT.at(-1), decoder.vocabSize(), decoder.width());
  }

  private void pickLayer(int l, long width, LayerOptions layer) {
    long queries = (long) layer.heads() * layer.headDim();
    long keysAndValues = (long) layer.kvHeads() * layer.headDim();
    tensors.vector(DecoderModule.ATTN_NORM.at(l), width);
    pickProduct(DecoderModule.ATTN_Q.at(l), queries, width, traits.qkvBias());
    pickProduct(DecoderModule.ATTN_K.at(l), keysAndValues, width, traits.qkvBias());
    pickProduct(DecoderModule.ATTN_V.at(l), keysAndValues, width, traits.qkvBias());
    pickProduct(DecoderModule.ATTN_OUTPUT.at(l), width, queries, traits.outputBias());
    tensors.vector(DecoderModule.ATTN_Q_NORM.at(l), WEIGHT, traits.qkNorm(), layer.headDim());
    tensors.vector(DecoderModule.ATTN_K_NORM.at(l), WEIGHT, traits.qkNorm(), layer.headDim());
    tensors.vector(DecoderModule.FFN_NORM.at(l), width);
    if (sinks) {
      tensors.vector(DecoderModule.ATTN_SINKS.at(l), layer.heads());
    }
  }

  private void pickFeedForward(int l, long width, LayerOptions layer, ExpertLayers experts) {
    if (layer.experts() != null) {
      experts.pick(l, width, layer.experts());
      return;
    }
    pickProduct(DecoderModule.FFN_GATE.at(l), layer.ffWidth(), width, traits.ffnBias());
    pickProduct(DecoderModule.FFN_UP.at(l), layer.ffWidth(), width, traits.ffnBias());
    pickProduct(DecoderModule.FFN_DOWN.at(l), width, layer.ffWidth(), traits.ffnBias());
  }

  private void pickProduct(DecoderModule.Place place, long rows, long columns, DenseTraits.Presence bias) {
    tensors.matrix(place, rows, columns);
    tensors.vector(place, BIAS, bias, rows);
  }
}
