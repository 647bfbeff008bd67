package dev.chaku.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * GGUF files name how a text is cut into words; tokenizer.json spells it out. The name is decided by what is spelled out
 * alone: steps of the pre-tokenizer, their patterns letter by letter.
 */
final class PreTokenizerNames {
  private static final String ENGLISH = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String REST = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String SIGNS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|";
  private static final String BYTES = "bytes";
  private static final String GPT2_BYTES = "bytes after gpt-2";

  private static final Map<String, String> BY_STEPS = bySteps();
  private static final Map<String, String> BY_CLASS =
      Map.of("GPT2Tokenizer", "gpt-2", "CodeGenTokenizer", "gpt-2", "Qwen2Tokenizer", "qwen2");

  private PreTokenizerNames() {}

  /** @throws dev.chaku.BadInputException if the steps are those of no known name; the message has them */
  static String of(JsonFile tokenizer) {
    List<String> steps = new ArrayList<>();
    tokenizer.findObject("pre_tokenizer").ifPresent(step -> add(step, steps));
    String name = BY_STEPS.get(String.join(" + ", steps));
    if (name == null) {
      throw tokenizer.error(
          "pre_tokenizer", "one of " + String.join(", ", BY_STEPS.values().stream().distinct().toList()), String.join(" + ", steps));
    }
    // What sets the two apart is whether a word that is a token is that token, whatever the merges would make of it.
    boolean merged = tokenizer.findObject("model").map(model -> !model.bool("ignore_merges", true)).orElse(false);
    return merged && name.equals("llama-bpe") ? "glm4" : name;
  }

  /**
   * The name for a tokenizer of which only its class is known.
   *
   * @throws dev.chaku.BadInputException if no class is named, or one whose way to cut words is not known
   */
  static String ofClass(JsonFile settings, JsonFile config) {
    String usual = config.findString("model_type").orElse("").equals("gpt2") ? "GPT2Tokenizer" : "none";
    String name = settings.findString("tokenizer_class").or(() -> config.findString("tokenizer_class")).orElse(usual);
    String pre = BY_CLASS.get(name.replaceFirst("Fast$", ""));
    if (pre == null) {
      throw settings.error(
          "tokenizer_class", "one of " + String.join(", ", BY_CLASS.keySet()) + " beside vocab.json, or a tokenizer.json", name);
    }
    return pre;
  }

  private static void add(JsonFile step, List<String> steps) {
    String type = step.findString("type").orElse("none");
    switch (type) {
      case "Sequence" -> {
        for (int i = 0; i < step.findList("pretokenizers").orElse(List.of()).size(); i++) {
          add(step.element("pretokenizers", i), steps);
        }
      }
      case "Split" -> steps.add(split(step));
      case "Digits" -> steps.add(step.bool("individual_digits", false) ? "digit" : "digits");
      case "ByteLevel" -> {
        if (step.bool("add_prefix_space", false)) {
          throw step.error("add_prefix_space", "false", true);
        }
        steps.add(step.bool("use_regex", true) ? GPT2_BYTES : BYTES);
      }
      default -> steps.add(type);
    }
  }

  private static String split(JsonFile step) {
    String behavior = step.findString("behavior").orElse("none");
    JsonFile pattern = step.findObject("pattern").orElseThrow(() -> step.error("pattern", "an object", null));
    String text = pattern.findString("Regex").orElseGet(() -> pattern.findString("String").orElse(""));
    // The two behaviours differ in what becomes of matches: as these patterns match all of a text, in nothing.
    boolean plain = (behavior.equals("Isolated") && !step.bool("invert", false))
        || (behavior.equals("Removed") && step.bool("invert", false));
    return plain ? text : behavior + " " + text;
  }

  private static Map<String, String> bySteps() {
    Map<String, String> names = new LinkedHashMap<>();
    String word = "[^\\r\\n\\p{L}\\p{N}]?";
    names.put(GPT2_BYTES, "gpt-2");
    names.put(ENGLISH + "|" + word + "\\p{L}+|\\p{N}{1,3}|" + SIGNS + REST + " + " + BYTES, "llama-bpe");
    names.put(ENGLISH + "|" + word + "\\p{L}+|\\p{N}|" + SIGNS + REST + " + " + BYTES, "qwen2");
    names.put(
        ENGLISH + "|" + word + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + REST + " + " + BYTES, "qwen35");
    String possessive = "|" + word + "+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]";
    names.put(ENGLISH + possessive + "|\\s+(?!\\S)|\\s+ + " + BYTES, "dbrx");
    names.put(ENGLISH + possessive + "+|\\s+(?!\\S)|\\s+ + " + BYTES, "dbrx");
    String cased = word + UPPER + "*" + LOWER + "+";
    String capitals = word + UPPER + "+" + LOWER + "*";
    String cells = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + REST + " + " + BYTES;
    names.put(cased + ENGLISH + "?|" + capitals + ENGLISH + "?|\\p{N}{1,3}|" + cells, "gpt-4o");
    names.put(cased + "|" + capitals + "|\\p{N}|" + cells, "tekken");
    names.put(ENGLISH + "|" + word + "\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + REST + " + " + BYTES, "seed-coder");
    names.put(" ?[^(\\s|[.,!?…。，、।۔،])]+ + " + BYTES, "bloom");
    names.put("digit + " + GPT2_BYTES, "smollm");
    names.put("Punctuation + " + GPT2_BYTES + " + digits + [0-9][0-9][0-9]", "falcon");
    return names;
  }
}
