package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.text.CharacterTables;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Unigram vocabularies of a tokenizer.json, made here. What Hugging Face's own tokenizers make of it is in
 * {@code unigram-ids.txt}; where they are on the class path (Maven profile {@code minilm}), that file is compared with
 * them, and written anew with {@code -Dchaku.goldens.write=true}.
 */
class UnigramTokenizerTest {
    private static final Path IDS = Path.of("src/test/resources/dev/chaku/unigram-ids.txt");
    private static final String XLM_R =
            "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"WhitespaceSplit\"}, {\"type\": \"Metaspace\","
                    + " \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\", \"split\": true}]}";
    private static final String META =
            "{\"type\": \"Metaspace\", \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\","
                    + " \"split\": true}";
    private static final String COLLAPSE =
            "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" {2,}\"}, \"content\": \" \"}";
    private static final String STRIP = "{\"type\": \"Strip\", \"strip_left\": false, \"strip_right\": true}";

    @TempDir
    Path folder;

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            json.append(
                    c < 0x20 || c > 0x7e || c == '"' || c == '\\'
                            ? String.format("\\u%04x", (int) c)
                            : Character.toString(c));
        }
        return json.append('"').toString();
    }

    /** NFKC of many characters, and white space of all kinds as a space. */
    private static String table() {
        Map<String, String> map = new LinkedHashMap<>();
        for (int c = 0xa0; c < 0x10000; c++) {
            boolean some = c < 0x250 || c >= 0x2000 && c < 0x2200 || c >= 0x3000 && c < 0x3100 || c >= 0xff00;
            if (some && Character.isDefined(c) && !Character.isSurrogate((char) c)) {
                String text = Character.toString(c);
                String nfkc = Normalizer.normalize(text, Normalizer.Form.NFKC);
                if (!nfkc.equals(text)) {
                    map.put(text, nfkc);
                }
                String apart = Normalizer.normalize(text, Normalizer.Form.NFD);
                if (!apart.equals(text)) {
                    map.put(apart, nfkc);
                }
            }
        }
        for (char c : "\t\n\r\u2028\u3000".toCharArray()) {
            map.put(Character.toString(c), " ");
        }
        map.put("\u200b", "");
        return Base64.getEncoder().encodeToString(CharacterTables.blob(map));
    }

    private static String tokenizerJson(String before, String cuts) {
        Random random = new Random(4);
        Set<String> tokens = new LinkedHashSet<>(List.of("<s>", "<pad>", "</s>", "<unk>", "\u2581"));
        String letters = "abcdehilnorst\u00e9\u00fc\u00df.,!1\u3042\u3044\u4eba\u043a\u0442\u043e";
        letters.chars().forEach(c -> tokens.add(Character.toString(c)));
        for (int i = 0; i < 500; i++) {
            StringBuilder token = new StringBuilder(random.nextInt(3) == 0 ? "\u2581" : "");
            int n = 1 + random.nextInt(3);
            for (int j = 0; j < n; j++) {
                token.append(letters.charAt(random.nextInt(letters.length())));
            }
            tokens.add(token.toString());
        }
        List<String> vocab = new ArrayList<>();
        for (String token : tokens) {
            double score = vocab.size() < 4 ? 0 : -2 - 9 * random.nextDouble();
            vocab.add("[" + quoted(token) + ", " + String.format(Locale.ROOT, "%.6f", score) + "]");
        }
        List<String> added = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            added.add("{\"id\": " + id + ", \"content\": " + quoted(new ArrayList<>(tokens).get(id))
                    + ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false,"
                    + " \"special\": true}");
        }
        return "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": "
                + added + ", \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [" + before
                + "]}, \"pre_tokenizer\": " + cuts
                + ", \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\","
                + " \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, {\"SpecialToken\": {\"id\": \"</s>\","
                + " \"type_id\": 0}}], \"pair\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\":"
                + " \"A\", \"type_id\": 0}}, {\"SpecialToken\": {\"id\": \"</s>\", \"type_id\": 0}}, {\"SpecialToken\": {\"id\":"
                + " \"</s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}, {\"SpecialToken\": {\"id\":"
                + " \"</s>\", \"type_id\": 0}}], \"special_tokens\": {\"<s>\": {\"id\": \"<s>\", \"ids\": [0], \"tokens\":"
                + " [\"<s>\"]}, \"</s>\": {\"id\": \"</s>\", \"ids\": [2], \"tokens\": [\"</s>\"]}}}, \"decoder\": {\"type\":"
                + " \"Metaspace\", \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\", \"split\": true}, \"model\":"
                + " {\"type\": \"Unigram\", \"unk_id\": 3, \"byte_fallback\": false, \"vocab\": "
                + vocab + "}}";
    }

    private static List<String> shapes() {
        String table = "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"" + table() + "\"}";
        return List.of(
                tokenizerJson(table, XLM_R),
                tokenizerJson(table + ", " + COLLAPSE, META),
                tokenizerJson(table + ", " + STRIP + ", " + COLLAPSE, META),
                tokenizerJson(COLLAPSE, XLM_R));
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>(List.of(
                "hello stranded child",
                "  spaces   in   a row  ",
                "tabs\tand\nlines\u3000and\u2028more",
                "\uff41\uff42\uff43 \uff34\uff29\uff4c\uff45 \u2460 \ufb01ne \u00bd",
                "e\u0301te\u0301 \u00fcber o\u0308de A\u030angstrom",
                "\u3042\u3044\u4eba\u304b\u3099 \u043a\u0442\u043e \u043a\u043e\u0442",
                "unknown \ud83d\ude00\ud83d\ude00 emoji \ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 xyzzy",
                "\u2581already \u2581marked",
                "zero\u200bwidth",
                "</s> in text",
                "a",
                "."));
        Random random = new Random(9);
        String letters =
                "abcdehilnorst\u00e9\u00fc\u00df.,!1\u3042\u3044\u4eba\u043a\u0442\u043exyz \t\u0301\uff41\u3000\u2460";
        for (int i = 0; i < 150; i++) {
            StringBuilder text = new StringBuilder();
            int n = 1 + random.nextInt(25);
            for (int j = 0; j < n; j++) {
                text.append(random.nextInt(6) == 0 ? ' ' : letters.charAt(random.nextInt(letters.length())));
            }
            texts.add(text.toString());
        }
        return texts;
    }

    private Tokenizer ours(String json) throws IOException {
        return Tokenizers.of(read(json));
    }

    private GgufMetadata read(String json) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json);
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"unk_token\": \"<unk>\", \"pad_token\": \"<pad>\"}");
        Path config = Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"XLMRobertaModel\"], \"vocab_size\": 600, \"type_vocab_size\": 1}");
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        HuggingFaceTokenizer.read(folder, ModelConfig.read(config)).describe(metadata);
        return new GgufMetadata(folder.toString(), metadata);
    }

    @Test
    void idsAreThoseOfTheTokenizerJson() throws IOException {
        List<String> lines = Files.readAllLines(IDS);
        List<String> texts = texts();
        int line = 0;
        for (String shape : shapes()) {
            Tokenizer tokenizer = ours(shape);
            for (String text : texts) {
                int[] expected = Arrays.stream(lines.get(line++).split(" "))
                        .mapToInt(Integer::parseInt)
                        .toArray();
                assertArrayEquals(expected, tokenizer.encode(text, true, true), quoted(text) + ", line " + line);
            }
        }
        assertEquals(lines.size(), line);
    }

    /** Theirs, where they are. */
    @Test
    void theFileIsWhatTheTokenizersSay() throws Exception {
        Class<?> theirs;
        try {
            theirs = Class.forName("ai.djl.huggingface.tokenizers.HuggingFaceTokenizer");
        } catch (ClassNotFoundException e) {
            assumeTrue(false, "the Maven profile minilm has Hugging Face's tokenizers");
            return;
        }
        List<String> lines = new ArrayList<>();
        for (String shape : shapes()) {
            Path file = Files.writeString(folder.resolve("theirs.json"), shape);
            Object tokenizer = theirs.getMethod("newInstance", Path.class).invoke(null, file);
            for (String text : texts()) {
                Object encoding = theirs.getMethod("encode", String.class).invoke(tokenizer, text);
                long[] ids = (long[]) encoding.getClass().getMethod("getIds").invoke(encoding);
                StringBuilder line = new StringBuilder();
                for (long id : ids) {
                    line.append(line.length() == 0 ? "" : " ").append(id);
                }
                lines.add(line.toString());
            }
            ((AutoCloseable) tokenizer).close();
        }
        if (Boolean.getBoolean("chaku.goldens.write")) {
            Files.write(IDS, lines);
        }
        assertEquals(lines, Files.readAllLines(IDS));
    }

    @Test
    void keysThatOthersRead() throws IOException {
        GgufMetadata metadata = read(shapes().get(0));
        assertEquals("t5", metadata.requireString("tokenizer.ggml.model"));
        assertTrue(metadata.findBool("tokenizer.ggml.add_sep_token").orElseThrow());
        assertTrue(metadata.findBool("tokenizer.ggml.add_bos_token").orElseThrow());
        assertTrue(metadata.findBool("tokenizer.ggml.add_eos_token").orElseThrow());
        assertEquals(3, metadata.requireInt("tokenizer.ggml.unknown_token_id"));
        assertEquals(1, metadata.requireInt("tokenizer.ggml.token_type_count"));
        assertTrue(metadata.findNumbers("tokenizer.ggml.precompiled_charsmap")
                        .orElseThrow()
                        .size()
                > 1000);
        Tokenizer tokenizer = Tokenizers.of(metadata);
        assertEquals("child 1", tokenizer.decode(tokenizer.encode("child 1", false, false), false));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"unk_id\": 3 | \"unk_id\": null | model.unk_id expects the id of a token",
                "\"byte_fallback\": false | \"byte_fallback\": true | model.byte_fallback expects false",
                "[\"<pad>\", 0.000000] | [\"<pad>\"] | model.vocab[1] expects a token and its score",
                "\"prepend_scheme\": \"always\", \"split\": true}]} | \"prepend_scheme\": \"first\"}]} | Metaspace with",
                "{\"type\": \"WhitespaceSplit\"} | {\"type\": \"Digits\"} | found Digits"
            })
    void whatIsNotUnderstoodIsNamed(String part, String instead, String message) {
        String json = tokenizerJson(COLLAPSE, XLM_R);
        assertTrue(json.contains(part));
        BadInputException e = assertThrows(BadInputException.class, () -> read(json.replace(part, instead)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
