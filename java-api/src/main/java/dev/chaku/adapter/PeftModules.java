package dev.chaku.adapter;

import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.DecoderModule.Place;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Hugging Face calls the modules of a llama-like decoder, for instance {@code model.layers.3.self_attn.q_proj}, and
 * how PEFT names the tensors of their adapters.
 */
public final class PeftModules {
  private static final Map<DecoderModule, String> IN_LAYER = inLayer();
  private static final String OUTPUT = "lm_head";
  private static final String PREFIX = "base_model.model.";

  /** The head models of transformers put {@code model.} before {@code layers}, bare ones do not. */
  private static final Pattern LAYER = Pattern.compile("(?:model\\.)?layers\\.(0|[1-9][0-9]{0,5})\\.(.+)");

  /** PEFT leaves the adapter's name out of files; some tools keep it between {@code lora_A} and {@code weight}. */
  private static final Pattern TENSOR = Pattern.compile("(?:base_model\\.model\\.)?(.+)\\.lora_([AB])(?:\\.[^.]+)?\\.weight");

  /** One of the two matrices of a module's adapter. */
  record Half(String module, boolean isA) {}

  private PeftModules() {}

  /** Reads the name of a tensor; nothing if it is no LoRA matrix of a linear module. */
  static Optional<Half> parseTensor(String name) {
    Matcher matcher = TENSOR.matcher(name);
    return matcher.matches()
        ? Optional.of(new Half(matcher.group(1), matcher.group(2).equals("A")))
        : Optional.empty();
  }

  /** The place of a module; nothing if this version adapts no such module. */
  static Optional<Place> place(String module) {
    if (module.equals(OUTPUT)) {
      return Optional.of(DecoderModule.OUTPUT.at(-1));
    }
    Matcher matcher = LAYER.matcher(module);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int layer = Integer.parseInt(matcher.group(1));
    return IN_LAYER.entrySet().stream()
        .filter(entry -> entry.getValue().equals(matcher.group(2)))
        .map(entry -> entry.getKey().at(layer))
        .findFirst();
  }

  /** The full name of an expert's module. */
  static String expertModule(Place place, int index, String architecture) {
    return "model.layers." + place.layer() + "." + PeftExperts.withinLayer(place.module(), index, architecture);
  }

  /** The full name of the module at a place. */
  static String module(Place place) {
    return place.module().inLayers()
        ? "model.layers." + place.layer() + "." + IN_LAYER.get(place.module())
        : OUTPUT;
  }

  /** The name of a product within its layer, for instance {@code self_attn.q_proj}. */
  public static String nameInLayer(DecoderModule module) {
    return IN_LAYER.get(module);
  }

  /** The name without layer and block, as {@code target_modules} lists it. */
  static String leaf(DecoderModule module) {
    String name = module.inLayers() ? IN_LAYER.get(module) : OUTPUT;
    int group = name.indexOf('.');
    return name.substring(group + 1);
  }

  static String tensor(String module, boolean isA) {
    return PREFIX + module + (isA ? ".lora_A" : ".lora_B") + ".weight";
  }

  private static Map<DecoderModule, String> inLayer() {
    Map<DecoderModule, String> names = new EnumMap<>(DecoderModule.class);
    names.put(DecoderModule.ATTN_Q, "self_attn.q_proj");
    names.put(DecoderModule.ATTN_K, "self_attn.k_proj");
    names.put(DecoderModule.ATTN_V, "self_attn.v_proj");
    names.put(DecoderModule.ATTN_OUTPUT, "self_attn.o_proj");
    names.put(DecoderModule.FFN_GATE, "mlp.gate_proj");
    names.put(DecoderModule.FFN_UP, "mlp.up_proj");
    names.put(DecoderModule.FFN_DOWN, "mlp.down_proj");
    names.put(DecoderModule.SHARED_GATE, "mlp.shared_expert.gate_proj");
    names.put(DecoderModule.SHARED_UP, "mlp.shared_expert.up_proj");
    names.put(DecoderModule.SHARED_DOWN, "mlp.shared_expert.down_proj");
    names.put(DecoderModule.ATTN_QKV, "self_attn.qkv_proj");
    names.put(DecoderModule.FFN_GATE_UP, "mlp.gate_up_proj");
    return names;
  }
}
