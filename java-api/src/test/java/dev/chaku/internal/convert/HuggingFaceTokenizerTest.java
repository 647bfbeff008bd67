package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceTokenizerTest {
    private static final String TEXT = "Hello world! 123 tokens, and  two spaces\n";

    @TempDir
    Path folder;

    private GgufMetadata read(int vocab) throws IOException {
        return read("X", vocab);
    }

    private GgufMetadata read(String kind, int vocab) throws IOException {
        Path config = Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"" + kind + "\"], \"vocab_size\": " + vocab + "}");
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        HuggingFaceTokenizer.read(folder, ModelConfig.read(config)).describe(metadata);
        return new GgufMetadata(folder.toString(), metadata);
    }

    private void copy(String from, String to) throws IOException {
        Files.copy(ReferenceData.require("tokenizers/torchtune/" + from), folder.resolve(to));
    }

    /** Real files: the structure of the pre-tokenizer decides its name, and text survives the way there and back. */
    @ParameterizedTest
    @CsvSource({"tokenizer.json, llama-bpe", "tiny_bpe_tokenizer.json, qwen2"})
    void byteLevelVocabularies(String file, String pre) throws IOException {
        copy(file, "tokenizer.json");
        GgufMetadata metadata = read(2003);
        assertEquals("gpt2", metadata.requireString("tokenizer.ggml.model"));
        assertEquals(pre, metadata.requireString("tokenizer.ggml.pre"));
        assertFalse(metadata.findBool("tokenizer.ggml.add_bos_token").orElse(true));
        Tokenizer tokenizer = Tokenizers.of(metadata);
        assertEquals(TEXT, tokenizer.decode(tokenizer.encode(TEXT, false, false), false));
    }

    @Test
    void charactersWithBytesForTheRestBecomeSentencePiece() throws IOException {
        copy("tokenizer_gemma_cropped.json", "tokenizer.json");
        // Its special tokens have the ids that they had before the vocabulary was cropped: no tokenizer to ask a
        // template of.
        String settings = Files.readString(ReferenceData.require("tokenizers/torchtune/tokenizer_config_gemma.json"));
        Files.writeString(
                folder.resolve("tokenizer_config.json"), settings.replace("\"chat_template\"", "\"no_template\""));
        GgufMetadata metadata = read(256_000);
        assertEquals("llama", metadata.requireString("tokenizer.ggml.model"));
        assertEquals(false, metadata.findBool("tokenizer.ggml.add_space_prefix").orElseThrow());
        assertEquals(true, metadata.findBool("tokenizer.ggml.add_bos_token").orElseThrow());
        assertEquals(2, metadata.requireInt("tokenizer.ggml.bos_token_id"));
        assertEquals(1, metadata.requireInt("tokenizer.ggml.eos_token_id"));
    }

    /** Merges in their order are what scores are to SentencePiece: "abc" is a + bc, as bc was merged first. */
    @Test
    void theOrderOfMergesBecomesScores() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"\u2581\"}, \"added_tokens\": [{\"id\": 0, \"content\": \"<unk>\", \"special\": true}],"
                        + "\"model\": {\"type\": \"BPE\", \"byte_fallback\": true, \"unk_token\": \"<unk>\","
                        + "\"vocab\": {\"<unk>\": 0, \"a\": 1, \"b\": 2, \"c\": 3, \"bc\": 4, \"ab\": 5, \"<0x41>\": 6},"
                        + "\"merges\": [\"b c\", [\"a\", \"b\"]]}}");
        Tokenizer tokenizer = Tokenizers.of(read(8));
        assertArrayEquals(new int[] {1, 4}, tokenizer.encode("abc", false, false));
        assertArrayEquals(new int[] {5, 6}, tokenizer.encode("abA", false, false));
        assertEquals("[PAD7]", tokenizer.piece(7));
    }

    /** Gemma 4's file has the merges themselves, as other programs expect it, and gives the ids of the scores. */
    @Test
    void gemma4KeepsItsMerges() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"\u2581\"}, \"added_tokens\": [{\"id\": 0, \"content\": \"<bos>\", \"special\": true}],"
                        + "\"model\": {\"type\": \"BPE\", \"byte_fallback\": true,"
                        + "\"vocab\": {\"<bos>\": 0, \"a\": 1, \"b\": 2, \"c\": 3, \"bc\": 4, \"ab\": 5, \"<0x41>\": 6},"
                        + "\"merges\": [\"b c\", [\"a\", \"b\"]]}}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<bos>\"}");
        GgufMetadata metadata = read("Gemma4ForCausalLM", 8);
        assertEquals("gemma4", metadata.requireString("tokenizer.ggml.model"));
        assertEquals(
                List.of("b c", "a b"),
                metadata.requireStrings("tokenizer.ggml.merges").toList());
        Tokenizer tokenizer = Tokenizers.of(metadata);
        assertArrayEquals(new int[] {0, 1, 4}, tokenizer.encode("abc", true, false));
        assertArrayEquals(new int[] {5, 6}, tokenizer.encode("abA", false, false));
    }

    @Test
    void sentencePieceFilesAreReadOrRefusedByName() throws IOException {
        copy("m.model", "tokenizer.model");
        try {
            Tokenizer tokenizer = Tokenizers.of(read(2000));
            assertEquals("Hello world", tokenizer.decode(tokenizer.encode("Hello world", false, false), false));
        } catch (BadInputException e) {
            assertTrue(e.getMessage().contains("tokenizer.model: expected a vocabulary of byte pairs"), e.getMessage());
        }
    }

    /** Older byte-level tokenizers: the same ids as the reference's, without a tokenizer.json. */
    @Test
    void vocabulariesWithMergesBesideThem() throws IOException {
        for (String name : List.of("vocab.json", "merges.txt")) {
            Files.copy(ReferenceData.require("tokenizers/qwen2.5/" + name), folder.resolve(name));
        }
        String message =
                assertThrows(BadInputException.class, () -> read(151_936)).getMessage();
        assertTrue(message.contains("tokenizer_class expects one of") && message.contains("found none"), message);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"Qwen2TokenizerFast\"}");
        Tokenizer tokenizer = Tokenizers.of(read(151_936));
        String[] texts = Files.readString(ReferenceData.require("tokenizers/qwen2.5/qwen2.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(ReferenceData.require("tokenizers/qwen2.5/qwen2.out"));
        for (int i = 0; i < ids.size(); i++) {
            int[] found = tokenizer.encode(texts[i], false, false);
            assertEquals(
                    ids.get(i).strip(),
                    Arrays.stream(found).mapToObj(Integer::toString).collect(Collectors.joining(" ")),
                    texts[i]);
        }
    }

    /**
     * Steps, a bar between them, as other programs spell them out; the name is that under which they are known here.
     */
    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            value = {
                "deepseek-v3 => \\\\p{N}{1,3} || [一-龥぀-ゟ゠-ヿ]+ || [!\\\"#$%&'()*+,\\\\-./:;<=>?@\\\\[\\\\\\\\\\\\]^_`{|}~][A-Za-z]+|[^\\\\r\\\\n\\\\p{L}\\\\p{P}\\\\p{S}]?[\\\\p{L}\\\\p{M}]+| ?[\\\\p{P}\\\\p{S}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+",
                "deepseek-coder => [\\r\\n] || \\\\s?\\\\p{L}+ || \\\\s?\\\\p{P}+ || [一-龥ࠀ-一가-퟿]+ || DIGITS",
                "deepseek-llm => [\\r\\n] || \\\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+ || \\\\s?[!-/:-~！-／：-～‘-‟　-。]+ || \\\\s+$ || [一-龥ࠀ-一가-퟿]+ || DIGITS",
                "bloom =>  ?[^(\\\\s|[.,!?…。，、।۔،])]+",
                "seed-coder => (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1}| ?[^\\\\s\\\\p{L}\\\\p{N}\\\\r\\\\n]+|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+",
                "glm4 => (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
            },
            quoteCharacter = '\u0001',
            ignoreLeadingAndTrailingWhitespace = false)
    void stepsDecideTheName(String name, String steps) throws IOException {
        StringBuilder json = new StringBuilder();
        for (String step : steps.split(" \\|\\| ")) {
            json.append(
                    step.equals("DIGITS")
                            ? "{\"type\": \"Digits\", \"individual_digits\": true},"
                            : "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" + step
                                    + "\"}, \"behavior\": \"Isolated\", \"invert\": false},");
        }
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [" + json
                        + "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}]},"
                        + "\"model\": {\"type\": \"BPE\", \"ignore_merges\": false, \"vocab\": {\"a\": 0}, \"merges\": []}}");
        assertEquals(name, read(1).requireString("tokenizer.ggml.pre"));
    }

    /** The ids of all files end a text; what the chat template writes after an answer does as well. */
    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            value = {
                "'eos_token': 'A' | 'eos_token_id': [1, 2, 3] | 'eos_token_id': 1 |  => 1 2 3 => eos 1 eot 2 eom 3",
                "'eos_token': 'C' | 'eos_token_id': 1 | 'eos_token_id': 4 |  => 1 3 4 => eos 3 eot 1 eom 4",
                " | 'eos_token_id': [2, 1] | |  => 1 2 => eos 2 eot 1",
                " | | 'eos_token_id': [5, 4, 3, 2, 1, 900] |  => 1 2 3 4 5 => eos 5 eot 4 eom 3",
                "'eos_token': 'A' | 'eos_token_id': [1, 2] | | B => 1 2 => eos 1 eot 2",
                "'eos_token': 'A' | 'eos_token_id': [1, 2] | | E => 1 2 5 => eos 1 eot 5 eom 2",
                " | | | D => 4 => eos 4"
            },
            quoteCharacter = '\u0001')
    void endsAreThoseOfAllFiles(String files, String ends, String keys) throws IOException {
        String[] parts = files.replace('\'', '"').split("\\|", -1);
        StringBuilder added = new StringBuilder();
        for (int id = 0; id < 6; id++) {
            added.append(id == 0 ? "" : ",")
                    .append("{\"id\": " + id + ", \"content\": \"" + "_ABCDE".charAt(id) + "\", \"special\": true}");
        }
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"added_tokens\": [" + added
                        + "], \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false},"
                        + "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 6}, \"merges\": []}}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{" + parts[0] + "}");
        Files.writeString(folder.resolve("generation_config.json"), "{" + parts[1] + "}");
        if (!parts[3].isBlank()) {
            Files.writeString(
                    folder.resolve("chat_template.jinja"),
                    "{% for m in messages %}{{ m.content }}" + parts[3].strip() + "\n{% endfor %}");
        }
        Path config = Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"X\"], \"vocab_size\": 8" + (parts[2].isBlank() ? "" : ", " + parts[2]) + "}");
        Map<String, GgufValue> values = new LinkedHashMap<>();
        HuggingFaceTokenizer.read(folder, ModelConfig.read(config)).describe(values);
        GgufMetadata metadata = new GgufMetadata(folder.toString(), values);
        Tokenizer tokenizer = Tokenizers.of(metadata);
        assertEquals(
                ends,
                IntStream.range(0, 8)
                        .filter(tokenizer::isEndOfGeneration)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" ")));
        assertEquals(
                keys,
                Stream.of("eos", "eot", "eom")
                        .filter(key -> metadata.has("tokenizer.ggml." + key + "_token_id"))
                        .map(key -> key + " " + metadata.requireInt("tokenizer.ggml." + key + "_token_id"))
                        .collect(Collectors.joining(" ")));
    }

    /** Models that also see have their template in a file of its own. */
    @Test
    void templatesHaveThreePlaces() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
        Files.writeString(folder.resolve("merges.txt"), "");
        String settings = "{\"tokenizer_class\": \"GPT2Tokenizer\", \"chat_template\": \"old\"}";
        Files.writeString(folder.resolve("tokenizer_config.json"), settings);
        assertEquals("old", read(1).requireString("tokenizer.chat_template"));
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"newer\"}");
        assertEquals("newer", read(1).requireString("tokenizer.chat_template"));
        Files.writeString(folder.resolve("chat_template.jinja"), "newest");
        assertEquals("newest", read(1).requireString("tokenizer.chat_template"));
    }

    @Test
    void anotherProgramsVocabularyIsRefusedByName() throws IOException {
        Files.writeString(folder.resolve("tekken.json"), "{}");
        String message = assertThrows(BadInputException.class, () -> read(4)).getMessage();
        assertTrue(message.contains("found tekken.json alone"), message);
    }

    @Test
    void mergesOfOneTokenAreRefused() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0, \"<|endoftext|>\": 1}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"GPT2Tokenizer\"}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
        GgufMetadata metadata = read(2);
        assertEquals("gpt-2", metadata.requireString("tokenizer.ggml.pre"));
        assertEquals(1, metadata.requireInt("tokenizer.ggml.eos_token_id"));
        assertEquals(3, metadata.requireNumbers("tokenizer.ggml.token_type").toInts()[1]);
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na a\naa\n");
        String message = assertThrows(BadInputException.class, () -> read(2)).getMessage();
        assertTrue(message.contains("merges.txt: expected two tokens after the merge 1, found 'aa'"), message);
    }

    @Test
    void unknownStepsAreRefusedWithWhatTheyAre() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"WhitespaceSplit\"}]},"
                        + "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}");
        String message = assertThrows(BadInputException.class, () -> read(4)).getMessage();
        assertTrue(
                message.contains("pre_tokenizer expects one of gpt-2") && message.contains("found WhitespaceSplit"),
                message);
        for (String bad : List.of(
                "{\"model\": {\"vocab\": {}, \"merges\": [\"x\"]}}", "{\"model\": {\"merges\": []}}", "[]", "{")) {
            Files.writeString(folder.resolve("tokenizer.json"), bad);
            assertThrows(BadInputException.class, () -> read(4), bad);
        }
    }
}
