package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.RunRule.Before;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a byte-level BPE vocabulary cuts text into words before it merges, and the settings that come with the name in
 * {@code tokenizer.ggml.pre}. Immutable and thread-safe.
 *
 * <p>Source: the names and settings that llama.cpp knows, as of ggml 0.27; the patterns of the tokenizer.json files
 * that the names stand for, which llama.cpp's own vary here and there (docs/tokenizers.md says where).
 *
 * @param rules each splits the pieces that the one before it left
 * @param ignoreMerges a word that is a token is that token, whatever the merges would make of it
 * @param addBos whether a text begins with BOS unless the metadata say otherwise
 * @param cleanSpaces whether decoding removes the spaces before punctuation
 * @param hasDefaultBos whether there is a BOS token unless the metadata say otherwise
 */
record PreTokenizer(
        List<SplitRule> rules, boolean ignoreMerges, boolean addBos, boolean cleanSpaces, boolean hasDefaultBos) {
    private static final int LETTER = CodePoints.LETTER;
    private static final CodePointSet NUMBERS = CodePointSet.ofClasses(CodePoints.NUMBER);
    private static final SplitRule GPT2 = new Gpt2Rule();
    private static final SplitRule THREE_DIGITS = RunRule.of(CodePointSet.of(0, "0-9"), 3, 3);
    private static final SplitRule NUMBER = RunRule.of(NUMBERS, 1, 1);
    private static final SplitRule NUMBER_RUN = RunRule.of(Before.NOTHING, NUMBERS);
    private static final SplitRule NEWLINE = RunRule.of(CodePointSet.of(0, "\n\r"), 1, 1);
    private static final SplitRule HAN_KANA_HANGUL =
            RunRule.of(Before.NOTHING, CodePointSet.of(0, "\u0800-\u9fa5\uac00-\ud7ff"));
    private static final SplitRule HAN_KANA =
            RunRule.of(Before.NOTHING, CodePointSet.of(0, "\u3040-\u30ff\u4e00-\u9fa5"));
    private static final SplitRule NO_STOPS = RunRule.of(
            Before.BLANK,
            CodePointSet.of(CodePoints.SPACE, "!(),.?|\u060c\u06d4\u0964\u2026\u3001\u3002\uff0c")
                    .complement());
    private static final CodePointSet DEEPSEEK_SIGNS =
            CodePointSet.of(0, "!-/:-~\u2018-\u201f\u3000-\u3002\uff01-\uff0f\uff1a-\uff5e");
    private static final CodePointSet DEEPSEEK_LETTERS = CodePointSet.of(
            0,
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
                    + "\ud83a\udd00-\ud83a\udd43");

    private static final Map<String, PreTokenizer> BY_NAME = byName();

    /** What a name stands for. */
    static PreTokenizer ofName(String source, String name) {
        PreTokenizer found = BY_NAME.get(name);
        if (found == null) {
            throw new BadInputException(source + ": metadata key 'tokenizer.ggml.pre' names the unknown pre-tokenizer '"
                    + name + "'; known are " + String.join(", ", BY_NAME.keySet()));
        }
        return found;
    }

    /** Cuts a range of text into words, which together cover it. */
    void split(byte[] utf8, int from, int end, SplitRule.Pieces out) {
        SplitRule.Pieces next = out;
        for (int i = rules.size() - 1; i > 0; i--) {
            SplitRule rule = rules.get(i);
            SplitRule.Pieces last = next;
            next = (start, stop) -> rule.split(utf8, start, stop, last);
        }
        rules.get(0).split(utf8, from, end, next);
    }

    private static Map<String, PreTokenizer> byName() {
        Map<String, PreTokenizer> names = new LinkedHashMap<>();
        gpt2Kin(names);
        wordKin(names);
        deepSeekKin(names);
        putAll(names, cleaning(NO_STOPS), "bloom", "gpt3-finnish");
        putAll(names, plain(NO_STOPS), "poro-chat");
        putAll(names, plain(NO_STOPS, NUMBER), "viking");
        putAll(names, plain(NUMBER_RUN, new DigitTripleRule()), "superbpe");
        return names;
    }

    private static void gpt2Kin(Map<String, PreTokenizer> names) {
        SplitRule signs = RunRule.of(Before.NOTHING, CodePointSet.of(CodePoints.PUNCTUATION, "$+<=>^|~"));
        SplitRule signsAndBacktick = RunRule.of(Before.NOTHING, CodePointSet.of(CodePoints.PUNCTUATION, "$+<=>^`|~"));
        putAll(names, cleaning(signs, GPT2, NUMBER_RUN, THREE_DIGITS), "default");
        putAll(
                names,
                cleaning(GPT2),
                "gpt-2",
                "phi-2",
                "mpt",
                "olmo",
                "jais",
                "exaone4",
                "jina-es",
                "jina-de",
                "jina-v2-es",
                "jina-v2-de",
                "jina-v1-en",
                "jina-v2-code",
                "roberta-bpe",
                "gigachat",
                "a.x-4.0",
                "mellum",
                "modern-bert");
        putAll(names, plain(GPT2), "trillion", "granite-docling");
        putAll(names, cleaning(NUMBER, GPT2), "starcoder", "refact", "codeshell", "exaone", "minerva-7b");
        putAll(names, plain(NUMBER, GPT2), "smollm", "command-r");
        putAll(names, cleaning(signsAndBacktick, GPT2, THREE_DIGITS), "falcon");
    }

    private static void wordKin(Map<String, PreTokenizer> names) {
        SplitRule oneDigit = new WordRule(LETTER, 1, true);
        SplitRule threeDigits = new WordRule(LETTER, 3, true);
        putAll(
                names,
                new PreTokenizer(List.of(threeDigits), true, true, true, true),
                "llama-bpe",
                "llama3",
                "llama-v3",
                "lfm2",
                "falcon3",
                "falcon-h1",
                "pixtral",
                "midm-2.0");
        putAll(names, cleaning(threeDigits), "dbrx", "smaug-bpe");
        putAll(names, new PreTokenizer(List.of(threeDigits), false, false, true, false), "chatglm-bpe", "glm4");
        putAll(
                names,
                plain(oneDigit),
                "qwen2",
                "deepseek-r1-qwen",
                "kormo",
                "hunyuan",
                "solar-open",
                "grok-2",
                "bailingmoe",
                "bailingmoe2",
                "llada-moe");
        putAll(names, cleaning(oneDigit), "stablelm2", "megrez");
        putAll(names, plain(new WordRule(LETTER | CodePoints.MARK, 1, true)), "qwen35");
        putAll(names, plain(new WordRule(LETTER, 1, false)), "seed-coder");
        putAll(names, new PreTokenizer(List.of(CasedWordRule.of(1, false)), true, true, false, true), "tekken");
        putAll(names, plain(CasedWordRule.of(3, true)), "gpt-4o", "llama4", "minimax-m2");
        putAll(names, plain(CasedWordRule.withHanApart()), "kimi-k2");
    }

    private static void deepSeekKin(Map<String, PreTokenizer> names) {
        SplitRule upToThree = RunRule.of(NUMBERS, 1, 3);
        putAll(names, plain(upToThree, HAN_KANA, new DeepSeekRule()), "deepseek-v3", "hunyuan-dense", "joyai-llm");
        SplitRule latinWords = RunRule.of(Before.WHITE_SPACE, DEEPSEEK_LETTERS);
        SplitRule listedSigns = RunRule.of(Before.WHITE_SPACE, DEEPSEEK_SIGNS);
        putAll(
                names,
                plain(NEWLINE, latinWords, listedSigns, new TrailingSpaceRule(), HAN_KANA_HANGUL, NUMBER),
                "deepseek-llm");
        SplitRule words = RunRule.of(Before.WHITE_SPACE, CodePointSet.ofClasses(LETTER));
        SplitRule signs = RunRule.of(Before.WHITE_SPACE, CodePointSet.ofClasses(CodePoints.PUNCTUATION));
        putAll(names, plain(NEWLINE, words, signs, HAN_KANA_HANGUL, NUMBER), "deepseek-coder");
    }

    private static PreTokenizer cleaning(SplitRule... rules) {
        return new PreTokenizer(List.of(rules), false, false, true, true);
    }

    private static PreTokenizer plain(SplitRule... rules) {
        return new PreTokenizer(List.of(rules), false, false, false, true);
    }

    private static void putAll(Map<String, PreTokenizer> names, PreTokenizer value, String... keys) {
        for (String key : keys) {
            names.put(key, value);
        }
    }
}
