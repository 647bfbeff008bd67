package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.text.TextNormalizer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a tokenizer.json around its vocabulary: normalizers, Metaspace, decoders, options of the model and flags
 * of added tokens. What GGUF has no key for goes to keys of ours, {@code chaku.tokenizer.*}; what neither can say is
 * refused by its name.
 */
final class TokenizerSteps {
    private static final String OWN = "chaku.tokenizer.";
    private static final String SPACE = "\u2581";
    private static final List<String> ESCAPING = List.of("Replace", " ", SPACE);
    private static final List<String> PREFIXING = List.of("Prepend", SPACE, "Replace", " ", SPACE);
    private static final List<String> FLAGS = List.of("lstrip", "rstrip", "single_word", "normalized");

    private final JsonFile tokenizer;
    private final boolean characters;
    private final List<String> normalizer = new ArrayList<>();
    private byte[] table = {};

    private TokenizerSteps(JsonFile tokenizer, boolean characters) {
        this.tokenizer = tokenizer;
        this.characters = characters;
    }

    /**
     * Adds the key values.
     *
     * @param characters whether the vocabulary is one of characters with U+2581 for spaces, not of bytes
     * @param addedTokens an object for each token beside the trained ones, by its id
     * @throws dev.chaku.errors.BadInputException if a step is none that is understood, which the message names
     */
    static void describe(
            JsonFile tokenizer,
            boolean characters,
            Map<Integer, JsonFile> addedTokens,
            Map<String, GgufValue> metadata) {
        TokenizerSteps steps = new TokenizerSteps(tokenizer, characters);
        tokenizer.findObject("normalizer").ifPresent(steps::addNormalizer);
        tokenizer.findObject("model").ifPresent(TokenizerSteps::checkModel);
        if (steps.table.length > 0) {
            metadata.put("tokenizer.ggml.precompiled_charsmap", GgufArray.Numbers.of(steps.table));
        }
        boolean normalizes = steps.normalized(addedTokens);
        if (characters) {
            steps.describeSpaces(normalizes, metadata);
            steps.describeDecoder(metadata);
            steps.describeUnknown(metadata);
        } else {
            steps.putNormalizer(metadata);
            tokenizer.findObject("decoder").ifPresent(steps::checkByteDecoder);
        }
        for (String flag : FLAGS) {
            int[] ids = addedTokens.entrySet().stream()
                    .filter(token -> flag(token.getValue(), flag))
                    .mapToInt(Map.Entry::getKey)
                    .toArray();
            if (ids.length > 0 && (!flag.equals("normalized") || metadata.containsKey(OWN + "normalizer"))) {
                metadata.put(OWN + flag + "_token_ids", GgufValue.of(ids));
            }
        }
    }

    /** A token is looked for in normalized text unless it is special or says otherwise. */
    private static boolean flag(JsonFile token, String flag) {
        return token.bool(flag, flag.equals("normalized") && !token.bool("special", false));
    }

    private boolean normalized(Map<Integer, JsonFile> addedTokens) {
        return !normalizer.isEmpty() && addedTokens.values().stream().anyMatch(token -> flag(token, "normalized"));
    }

    private void putNormalizer(Map<String, GgufValue> metadata) {
        if (!normalizer.isEmpty()) {
            metadata.put(OWN + "normalizer", GgufValue.of(List.copyOf(normalizer)));
        }
    }

    private void addNormalizer(JsonFile step) {
        String type = step.findString("type").orElse("none");
        switch (type) {
            case "Sequence" -> {
                for (int i = 0;
                        i < step.findList("normalizers").orElse(List.of()).size();
                        i++) {
                    addNormalizer(step.element("normalizers", i));
                }
            }
            case "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents" -> normalizer.add(type);
            case "Strip" -> {
                boolean left = step.bool("strip_left", true);
                boolean right = step.bool("strip_right", true);
                if (left || right) {
                    normalizer.addAll(List.of(type, left && right ? "both" : left ? "left" : "right"));
                }
            }
            case "Prepend" ->
                normalizer.addAll(List.of(type, step.findString("prepend").orElse("")));
            case "Replace" -> addReplace(step);
            case "Precompiled" -> addTable(step);
            default ->
                throw step.error(
                        "type",
                        "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled or a Sequence"
                                + " of them",
                        type);
        }
    }

    private void addTable(JsonFile step) {
        String text = step.findString("precompiled_charsmap").orElse("");
        if (text.isEmpty()) {
            return;
        }
        if (table.length > 0) {
            throw step.error("type", "one table of characters", "a second");
        }
        try {
            table = Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw step.error("precompiled_charsmap", "bytes in base 64", e.getMessage());
        }
        normalizer.add("Precompiled");
    }

    private void addReplace(JsonFile step) {
        JsonFile pattern = step.findObject("pattern").orElseThrow(() -> step.error("pattern", "an object", null));
        Optional<String> regex = pattern.findString("Regex");
        String text = regex.or(() -> pattern.findString("String")).orElse("");
        if (regex.isPresent() && !TextNormalizer.understands(text)) {
            throw pattern.error(
                    "Regex", "alternatives of characters and classes, of which one may repeat without bound", text);
        }
        if (text.isEmpty()) {
            throw step.error("pattern", "a String or a Regex", pattern.fields());
        }
        normalizer.addAll(List.of(
                regex.isPresent() ? "ReplaceRegex" : "Replace",
                text,
                step.findString("content").orElse("")));
    }

    private static void checkModel(JsonFile model) {
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.findString(affix).orElse("").isEmpty()) {
                throw model.error(affix, "none", model.fields().get(affix));
            }
        }
        if (model.findDouble("dropout").orElse(0) != 0) {
            throw model.error(
                    "dropout",
                    "none (with it, ids of one text differ each time)",
                    model.fields().get("dropout"));
        }
    }

    /** Unknown characters are fused where bytes are not there to spell them. */
    private void describeUnknown(Map<String, GgufValue> metadata) {
        JsonFile model = tokenizer.findObject("model").orElseThrow();
        if (model.findString("type").orElse("").equals("Unigram")) {
            return;
        }
        Map<String, ?> tokens = model.findObject("vocab").map(JsonFile::fields).orElse(Map.of());
        boolean complete =
                IntStream.range(0, 256).allMatch(value -> tokens.containsKey(String.format("<0x%02X>", value)));
        if (model.bool("fuse_unk", false) && !complete) {
            metadata.put(OWN + "fuse_unknown", GgufValue.of(true));
        }
    }

    private void describeSpaces(boolean normalizes, Map<String, GgufValue> metadata) {
        JsonFile metaspace = metaspace();
        if (metaspace != null) {
            String scheme = scheme(metaspace);
            putNormalizer(metadata);
            metadata.put("tokenizer.ggml.add_space_prefix", GgufValue.of(!scheme.equals("never")));
            if (!scheme.equals("never")) {
                metadata.put(OWN + "space_prefix", GgufValue.of(scheme));
            }
            if (metaspace.bool("split", true)) {
                metadata.put(OWN + "split_spaces", GgufValue.of(true));
            }
            return;
        }
        boolean prefixes = normalizer.equals(PREFIXING);
        if (normalizes || !prefixes && !normalizer.equals(ESCAPING)) {
            metadata.put(OWN + "normalizer", GgufValue.of(List.copyOf(normalizer)));
            metadata.put(OWN + "space_prefix", GgufValue.of("normalized"));
            prefixes = normalizer.contains("Prepend");
        }
        metadata.put("tokenizer.ggml.add_space_prefix", GgufValue.of(prefixes));
    }

    /**
     * The step that makes U+2581 of spaces, if it is a pre-tokenizer; nothing else may cut words of characters, but
     * that white space may before it.
     */
    private @Nullable JsonFile metaspace() {
        JsonFile step = tokenizer.findObject("pre_tokenizer").orElse(null);
        if (step == null) {
            return null;
        }
        List<JsonFile> steps = new ArrayList<>();
        flatten(step, "pretokenizers", steps);
        JsonFile found = null;
        boolean words = false;
        for (JsonFile one : steps) {
            String type = one.findString("type").orElse("none");
            if (type.equals("Metaspace")
                    && found == null
                    && one.findString("replacement").orElse(SPACE).equals(SPACE)
                    && (!words || scheme(one).equals("always"))) {
                found = one;
            } else if (type.equals("WhitespaceSplit") && found == null) {
                words = true;
            } else if (!(type.equals("Split") && isOfNoEffect(one))) {
                throw one.error(
                        "type", "Metaspace with " + SPACE + ", once, with or without WhitespaceSplit before it", type);
            }
        }
        if (words && found == null) {
            throw step.error("type", "Metaspace after WhitespaceSplit", "none");
        }
        if (words) { // each word gets its mark, so that one space is as good as white space of any kind and length
            normalizer.addAll(List.of("ReplaceRegex", "\\s+", " ", "Strip", "both", "Replace", " " + SPACE, SPACE));
        }
        return found;
    }

    /** Spaces are not there any more where the normalizer escaped them. */
    private boolean isOfNoEffect(JsonFile split) {
        String pattern =
                split.findObject("pattern").flatMap(p -> p.findString("String")).orElse("");
        int last = normalizer.size() - ESCAPING.size();
        return pattern.equals(" ")
                && last >= 0
                && normalizer.subList(last, normalizer.size()).equals(ESCAPING)
                && !split.bool("invert", false);
    }

    private static String scheme(JsonFile metaspace) {
        String scheme = metaspace
                .findString("prepend_scheme")
                .orElse(metaspace.bool("add_prefix_space", true) ? "always" : "never");
        if (!List.of("always", "first", "never").contains(scheme)) {
            throw metaspace.error("prepend_scheme", "always, first or never", scheme);
        }
        return scheme;
    }

    private void describeDecoder(Map<String, GgufValue> metadata) {
        JsonFile decoder = tokenizer.findObject("decoder").orElse(null);
        if (decoder == null) {
            return;
        }
        List<JsonFile> steps = new ArrayList<>();
        flatten(decoder, "decoders", steps);
        boolean drops = false;
        for (JsonFile step : steps) {
            String type = step.findString("type").orElse("none");
            boolean understood =
                    switch (type) {
                        case "ByteFallback", "Fuse" -> true;
                        case "Metaspace" ->
                            step.findString("replacement").orElse(SPACE).equals(SPACE);
                        case "Replace" ->
                            step.findObject("pattern")
                                            .flatMap(p -> p.findString("String"))
                                            .orElse("")
                                            .equals(SPACE)
                                    && step.findString("content").orElse("").equals(" ");
                        case "Strip" ->
                            step.findString("content").orElse("").equals(" ")
                                    && step.findInt("start").orElse(0) <= 1
                                    && step.findInt("stop").orElse(0) == 0;
                        default -> false;
                    };
            if (!understood) {
                throw step.error(
                        "type",
                        "Replace of " + SPACE
                                + " by a space, ByteFallback, Fuse, Strip of one space at the start, or Metaspace",
                        new LinkedHashMap<>(step.fields()));
            }
            drops |= type.equals("Strip") && step.findInt("start").orElse(0) == 1
                    || type.equals("Metaspace") && !scheme(step).equals("never");
        }
        metadata.put(OWN + "decode_drops_space", GgufValue.of(drops));
    }

    private void checkByteDecoder(JsonFile decoder) {
        List<JsonFile> steps = new ArrayList<>();
        flatten(decoder, "decoders", steps);
        for (JsonFile step : steps) {
            String type = step.findString("type").orElse("none");
            if (!type.equals("ByteLevel") && !type.equals("Fuse")) {
                throw step.error("type", "ByteLevel", type);
            }
        }
    }

    private static void flatten(JsonFile step, String key, List<JsonFile> out) {
        if (!step.findString("type").orElse("none").equals("Sequence")) {
            out.add(step);
            return;
        }
        for (int i = 0; i < step.findList(key).orElse(List.of()).size(); i++) {
            flatten(step.element(key, i), key, out);
        }
    }
}
