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
  /**
   * The output projection; of a model whose embedding is tied to it, the projection alone, which llama.cpp cannot read
   * for such a base: it knows no adapter of a projection without a tensor of its own.
   */
  OUTPUT;

  /** The seven products of every layer: what adapts best for its size. */
  public static Set<LoraTarget> allLinear() {
    return EnumSet.range(Q, DOWN);
  }

  /** The attention's four products. */
  public static Set<LoraTarget> attention() {
    return EnumSet.range(Q, O);
  }

  /** The name as command lines and configurations write it, for instance {@code gate}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads names ({@code q}, {@code gate}, …), {@code all} and {@code attention}, also in the spelling of Hugging Face
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
            () -> new BadInputException("LoRA targets: expected all, attention or " + known() + ", found '" + given + "'"));
  }

  private static String known() {
    return Arrays.stream(values()).map(LoraTarget::label).collect(Collectors.joining(", "));
  }
}
