package dev.chaku.train;

import dev.chaku.BadInputException;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** A product of the model to which LoRA adds a low-rank one. */
public enum LoraTarget {
  Q,
  K,
  V,
  O,
  GATE,
  UP,
  DOWN,
  /** Gate of every expert, in layers of experts: each has a pair of matrices of its own, E times a dense layer's. */
  EXPERT_GATE,
  EXPERT_UP,
  EXPERT_DOWN,
  /** Gate of the expert that every token passes through. */
  SHARED_GATE,
  SHARED_UP,
  SHARED_DOWN,
  /** What passes the convolution of a layer with a running memory; of the delta rule its queries, keys and values. */
  MIX_IN,
  /** What multiplies the result of such a layer. */
  MIX_GATE,
  /** What multiplies the input of a short convolution. */
  MIX_INPUT_GATE,
  /** How much the delta rule writes of a token. */
  MIX_BETA,
  /** How much the delta rule forgets before. */
  MIX_ALPHA,
  /** The output product of such a layer. */
  MIX_OUT,
  /**
   * The output projection; of a model whose embedding is tied to it, the projection alone, which llama.cpp cannot read
   * for such a base: it knows no adapter of a projection without a tensor of its own.
   */
  OUTPUT;

  /**
   * The seven products of every dense layer: what adapts best for its size. Of a model whose layers have experts, the
   * attention's four remain; of one with layers that have a running memory, their input, gates and output are taken too.
   */
  public static Set<LoraTarget> allLinear() {
    return EnumSet.range(Q, DOWN);
  }

  /** The attention's four products. */
  public static Set<LoraTarget> attention() {
    return EnumSet.range(Q, O);
  }

  /** The three products of every expert. */
  public static Set<LoraTarget> experts() {
    return EnumSet.range(EXPERT_GATE, EXPERT_DOWN);
  }

  /** The three products of the expert that every token passes through. */
  public static Set<LoraTarget> sharedExpert() {
    return EnumSet.range(SHARED_GATE, SHARED_DOWN);
  }

  /** The products of layers with a running memory that go with all seven of the others. */
  public static Set<LoraTarget> mixer() {
    return EnumSet.of(MIX_IN, MIX_GATE, MIX_INPUT_GATE, MIX_OUT);
  }

  /** Whether it exists in layers of experts alone. */
  public boolean isOfExperts() {
    return experts().contains(this) || sharedExpert().contains(this);
  }

  /** The name as command lines and configurations write it, for instance {@code gate}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads names ({@code q}, {@code gate}, {@code expert_up}, …), {@code all}, {@code attention}, {@code experts} and {@code
   * shared_expert}, also in the spelling of Hugging Face
   * ({@code q_proj}).
   *
   * @throws BadInputException for a name that is none of these, or no names
   */
  public static Set<LoraTarget> parse(Collection<String> names) {
    EnumSet<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
    for (String name : names) {
      String plain = name.strip().toLowerCase(Locale.ROOT).replaceFirst("_proj$", "");
      switch (plain) {
        case "all", "all-linear" -> targets.addAll(allLinear());
        case "attention" -> targets.addAll(attention());
        case "experts" -> targets.addAll(experts());
        case "shared_expert" -> targets.addAll(sharedExpert());
        case "mixer" -> targets.addAll(mixer());
        case "lm_head" -> targets.add(OUTPUT);
        default -> targets.add(one(name, plain));
      }
    }
    if (targets.isEmpty()) {
      throw new BadInputException("LoRA targets: expected at least one of " + known() + ", found none");
    }
    return targets;
  }

  private static LoraTarget one(String given, String plain) {
    return Arrays.stream(values())
        .filter(target -> target.label().equals(plain))
        .findFirst()
        .orElseThrow(
            () -> new BadInputException("LoRA targets: expected all, attention, experts, shared_expert, mixer or " + known() + ", found '" + given + "'"));
  }

  private static String known() {
    return Arrays.stream(values()).map(LoraTarget::label).collect(Collectors.joining(", "));
  }
}
