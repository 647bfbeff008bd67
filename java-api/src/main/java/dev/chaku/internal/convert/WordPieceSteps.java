package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The steps of a tokenizer.json around a WordPiece vocabulary, which are BERT's or refused.
 *
 * @param prefix of tokens that go on in a word
 * @param lowercase whether text is made small
 * @param stripAccents whether it loses its accents
 * @param longest code points of a word; longer ones are unknown
 */
record WordPieceSteps(String prefix, boolean lowercase, boolean stripAccents, int longest) {
    private static final String WORD_START = "\u2581";
    private static final int USUAL_LONGEST = 100;

    /** @throws dev.chaku.errors.BadInputException if a step is none of BERT's; the message names it */
    static WordPieceSteps of(JsonFile tokenizer, JsonFile model) {
        JsonFile normalizer = require(tokenizer, "normalizer", "BertNormalizer");
        require(tokenizer, "pre_tokenizer", "BertPreTokenizer");
        for (String always : List.of("clean_text", "handle_chinese_chars")) {
            if (!normalizer.bool(always, true)) {
                throw normalizer.error(always, "true", false);
            }
        }
        boolean lowercase = normalizer.bool("lowercase", true);
        boolean strip = normalizer.fields().get("strip_accents") instanceof Boolean said ? said : lowercase;
        return new WordPieceSteps(
                model.findString("continuing_subword_prefix").orElse("##"),
                lowercase,
                strip,
                model.findInt("max_input_chars_per_word").orElse(USUAL_LONGEST));
    }

    private static JsonFile require(JsonFile tokenizer, String step, String expected) {
        JsonFile found = tokenizer.findObject(step).orElseThrow(() -> tokenizer.error(step, expected, null));
        String type = found.findString("type").orElse("none");
        if (!type.equals(expected)) {
            throw found.error("type", expected, type);
        }
        return found;
    }

    /** What a token is called in GGUF files. */
    String spelling(String token) {
        if (token.startsWith("[") && token.endsWith("]")) {
            return token;
        }
        return token.startsWith(prefix) && token.length() > prefix.length()
                ? token.substring(prefix.length())
                : WORD_START + token;
    }

    /** Adds the key values: those that others know, and ours, by which ids are those of the tokenizer.json. */
    void describe(Map<String, GgufValue> metadata) {
        metadata.put("tokenizer.ggml.normalizer.lowercase", GgufValue.of(lowercase));
        metadata.put("tokenizer.ggml.normalizer.strip_accents", GgufValue.of(stripAccents));
        metadata.put("chaku.tokenizer.longest_word", GgufValue.ofUint32(longest));
        List<String> steps = new ArrayList<>();
        if (stripAccents) {
            steps.addAll(List.of("NFD", "StripNonspacingMarks"));
        }
        if (lowercase) {
            steps.add("Lowercase");
        }
        if (!steps.isEmpty()) {
            metadata.put("chaku.tokenizer.normalizer", GgufValue.of(steps));
        }
    }
}
