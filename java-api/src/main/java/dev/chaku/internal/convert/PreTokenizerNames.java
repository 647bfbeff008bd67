package dev.chaku.internal.convert;

import dev.chaku.internal.huggingface.JsonFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * GGUF files name how a text is cut into words; tokenizer.json spells it out. The name is decided by what is spelled
 * out alone: steps of the pre-tokenizer, their patterns letter by letter.
 */
final class PreTokenizerNames {
    private static final String ENGLISH = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String REST = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String SIGNS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|";
    private static final String BYTES = "bytes";
    private static final String GPT2_BYTES = "bytes after gpt-2";

    /** Letters that have two cases in these scripts and their kin, as DeepSeek lists them. */
    private static final String LATIN_GREEK_CYRILLIC =
            "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
                    + "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481"
                    + "\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b"
                    + "\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b"
                    + "\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb"
                    + "\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128"
                    + "\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4"
                    + "\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf"
                    + "\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\ud801\udc00-\ud801\udc4f\ud801\udcb0-\ud801\udcd3"
                    + "\ud801\udcd8-\ud801\udcfb\ud803\udc80-\ud803\udcb2\ud803\udcc0-\ud803\udcf2\ud806\udca0-\ud806\udcdf"
                    + "\ud83a\udd00-\ud83a\udd43";

    private static final Map<String, String> BY_STEPS = bySteps();
    private static final Map<String, String> BY_CLASS =
            Map.of("GPT2Tokenizer", "gpt-2", "CodeGenTokenizer", "gpt-2", "Qwen2Tokenizer", "qwen2");

    private PreTokenizerNames() {}

    /** @throws dev.chaku.errors.BadInputException if the steps are those of no known name; the message has them */
    static String of(JsonFile tokenizer) {
        List<String> steps = new ArrayList<>();
        tokenizer.findObject("pre_tokenizer").ifPresent(step -> add(step, steps));
        String name = BY_STEPS.get(String.join(" + ", steps));
        if (name == null) {
            throw tokenizer.error(
                    "pre_tokenizer",
                    "one of "
                            + String.join(
                                    ", ", BY_STEPS.values().stream().distinct().toList()),
                    String.join(" + ", steps));
        }
        // What sets the two apart is whether a word that is a token is that token, whatever the merges would make of
        // it.
        boolean merged = tokenizer
                .findObject("model")
                .map(model -> !model.bool("ignore_merges", true))
                .orElse(false);
        return merged && name.equals("llama-bpe") ? "glm4" : name;
    }

    /** Whether the first step puts a space before each stretch of text that begins with none. */
    static boolean prefixesSpace(JsonFile tokenizer) {
        JsonFile step = tokenizer.findObject("pre_tokenizer").orElse(null);
        while (step != null && step.findString("type").orElse("none").equals("Sequence")) {
            step = step.findList("pretokenizers").orElse(List.of()).isEmpty() ? null : step.element("pretokenizers", 0);
        }
        return step != null
                && step.findString("type").orElse("none").equals("ByteLevel")
                && step.bool("add_prefix_space", false);
    }

    /** Whether the name says that a word that is a token is that token, whatever the merges would make of it. */
    static boolean ignoresMerges(String name) {
        return name.equals("llama-bpe") || name.equals("tekken");
    }

    /**
     * The name for a tokenizer of which only its class is known.
     *
     * @throws dev.chaku.errors.BadInputException if no class is named, or one whose way to cut words is not known
     */
    static String ofClass(JsonFile settings, JsonFile config) {
        String usual = config.findString("model_type").orElse("").equals("gpt2") ? "GPT2Tokenizer" : "none";
        String name = settings.findString("tokenizer_class")
                .or(() -> config.findString("tokenizer_class"))
                .orElse(usual);
        String pre = BY_CLASS.get(name.replaceFirst("Fast$", ""));
        if (pre == null) {
            throw settings.error(
                    "tokenizer_class",
                    "one of " + String.join(", ", BY_CLASS.keySet()) + " beside vocab.json, or a tokenizer.json",
                    name);
        }
        return pre;
    }

    private static void add(JsonFile step, List<String> steps) {
        String type = step.findString("type").orElse("none");
        switch (type) {
            case "Sequence" -> {
                for (int i = 0;
                        i < step.findList("pretokenizers").orElse(List.of()).size();
                        i++) {
                    add(step.element("pretokenizers", i), steps);
                }
            }
            case "Split" -> steps.add(split(step));
            case "Digits" -> steps.add(step.bool("individual_digits", false) ? "digit" : "digits");
            case "ByteLevel" -> {
                if (step.bool("add_prefix_space", false) && !steps.isEmpty()) {
                    throw step.error("add_prefix_space", "false but in a first step", true);
                }
                steps.add(step.bool("use_regex", true) ? GPT2_BYTES : BYTES);
            }
            case "Punctuation" ->
                steps.add(named(type, step.findString("behavior").orElse("Isolated"), "Contiguous"));
            default -> steps.add(type);
        }
    }

    /** A step's name, and its setting if that is another than the usual one. */
    private static String named(String type, String setting, String usual) {
        return setting.equals(usual) ? type : type + " " + setting;
    }

    private static String split(JsonFile step) {
        String behavior = step.findString("behavior").orElse("none");
        JsonFile pattern = step.findObject("pattern").orElseThrow(() -> step.error("pattern", "an object", null));
        String text = pattern.findString("Regex")
                .orElseGet(() -> pattern.findString("String").orElse(""));
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
                ENGLISH + "|" + word + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + REST + " + "
                        + BYTES,
                "qwen35");
        String possessive = "|" + word + "+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]";
        names.put(ENGLISH + possessive + "|\\s+(?!\\S)|\\s+ + " + BYTES, "dbrx");
        names.put(ENGLISH + possessive + "+|\\s+(?!\\S)|\\s+ + " + BYTES, "dbrx");
        String cased = word + UPPER + "*" + LOWER + "+";
        String capitals = word + UPPER + "+" + LOWER + "*";
        String cells = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + REST + " + " + BYTES;
        names.put(cased + ENGLISH + "?|" + capitals + ENGLISH + "?|\\p{N}{1,3}|" + cells, "gpt-4o");
        names.put(cased + "|" + capitals + "|\\p{N}|" + cells, "tekken");
        String hanCased = word + withoutHan(UPPER) + "*" + withoutHan(LOWER) + "+" + ENGLISH + "?|";
        String hanCapitals = word + withoutHan(UPPER) + "+" + withoutHan(LOWER) + "*" + ENGLISH + "?|";
        names.put("[\\p{Han}]+|" + hanCased + hanCapitals + "\\p{N}{1,3}|" + SIGNS + REST + " + " + BYTES, "kimi-k2");
        names.put(
                ENGLISH + "|" + word + "\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + REST + " + " + BYTES,
                "seed-coder");
        names.put(" ?[^(\\s|[.,!?…。，、।۔،])]+ + " + BYTES, "bloom");
        names.put(
                "\\p{N}{1,3} + [\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+ + "
                        + "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                        + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + REST + " + " + BYTES,
                "deepseek-v3");
        String hanAndHangul = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
        names.put("[\r\n] + \\s?\\p{L}+ + \\s?\\p{P}+ + " + hanAndHangul + " + digit + " + BYTES, "deepseek-coder");
        names.put(
                "[\r\n] + \\s?[" + LATIN_GREEK_CYRILLIC + "]+ + "
                        + "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+ + \\s+$ + " + hanAndHangul
                        + " + digit + "
                        + BYTES,
                "deepseek-llm");
        names.put("digit + " + GPT2_BYTES, "smollm");
        names.put("Punctuation + " + GPT2_BYTES + " + digits + [0-9][0-9][0-9]", "falcon");
        return names;
    }

    /** A set without Han. */
    private static String withoutHan(String set) {
        return set.substring(0, set.length() - 1) + "&&[^\\p{Han}]]";
    }
}
