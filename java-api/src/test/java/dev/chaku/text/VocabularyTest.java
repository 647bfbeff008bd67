package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {
    private static TinyVocabularies bpe(String... specials) {
        return TinyVocabularies.bytePairs("qwen2").tokens(TinyVocabularies.NORMAL, specials);
    }

    private static void assertEnds(TinyVocabularies vocabulary, String... ends) {
        Tokenizer tokenizer = vocabulary.tokenizer();
        List<Integer> expected = List.of(ends).stream()
                .map(end -> tokenizer.idOf(end).orElseThrow())
                .sorted()
                .toList();
        List<Integer> found = IntStream.range(0, tokenizer.vocabSize())
                .filter(tokenizer::isEndOfGeneration)
                .boxed()
                .toList();
        assertEquals(expected, found);
    }

    @Test
    void wellKnownSpellingsEndATextAndAreControlTokens() {
        assertEnds(
                bpe("<|im_start|>", "<|im_end|>", "<|endoftext|>").put("eos_token_id", GgufValue.ofUint32(257)),
                "<|im_end|>",
                "<|endoftext|>");
        Tokenizer tokenizer = bpe("<|im_end|>", "other").tokenizer();
        assertTrue(tokenizer.isSpecial(256));
        assertFalse(tokenizer.isSpecial(257));
    }

    @Test
    void keysNameEndsToo() {
        assertEnds(
                bpe("x1", "x2", "x3", "x4")
                        .put("eos_token_id", GgufValue.ofUint32(256))
                        .put("eot_token_id", GgufValue.ofUint32(257))
                        .put("eom_token_id", GgufValue.ofUint32(258))
                        .put("fim_sep_token_id", GgufValue.ofUint32(259)),
                "x1",
                "x2",
                "x3",
                "x4");
    }

    @Test
    void listedIdsEndATextAndNormalTokensThenSpellNothing() {
        TinyVocabularies listed = bpe("x1", "</s>", "<|im_end|>")
                .put("eos_token_id", GgufValue.ofUint32(256))
                .token("<|eot_id|>", TinyVocabularies.CONTROL, 0)
                .token("<|end|>", TinyVocabularies.CONTROL, 0);
        assertEnds(listed, "x1", "</s>", "<|im_end|>", "<|eot_id|>", "<|end|>");
        assertEnds(listed.putOwn("end_token_ids", GgufValue.of(256, 258)), "x1", "<|im_end|>", "<|eot_id|>", "<|end|>");
        assertFalse(listed.tokenizer().isSpecial(257));
        assertMessage(
                "tiny: metadata key 'chaku.tokenizer.end_token_ids' expects ids below 261, found 261",
                () -> listed.putOwn("end_token_ids", GgufValue.of(new int[] {261}))
                        .tokenizer());
    }

    /** llama.cpp takes the token of id 11, a comma in GPT-2's vocabulary, for EOS where no key names it. */
    @Test
    void anEosThatNothingNamesEndsNoText() {
        assertEnds(bpe("x1"));
    }

    @Test
    void fillInTheMiddleSeparatorsEndAText() {
        assertEnds(
                bpe("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|fim_prefix|>", "</s>")
                        .put("eos_token_id", GgufValue.ofUint32(260)),
                "<|fim_pad|>",
                "<|repo_name|>",
                "<|file_sep|>",
                "</s>");
    }

    @Test
    void harmonyEndsPartsNotAnswersWithEnd() {
        TinyVocabularies harmony =
                bpe("<|end|>", "<|return|>", "<|call|>", "<|channel|>").put("eos_token_id", GgufValue.ofUint32(257));
        assertEnds(harmony, "<|return|>", "<|call|>");
        Tokenizer tokenizer = harmony.tokenizer();
        assertEquals("<|channel|><|end|>", tokenizer.decode(new int[] {259, 256, 257}, false));
    }

    @Test
    void toolResponsesEndAnAnswerAndSDoesNot() {
        assertEnds(bpe("</s>", "<|tool_response>").put("eos_token_id", GgufValue.ofUint32(257)), "<|tool_response>");
    }

    @Test
    void idsPastTheVocabularyFallBack() {
        Tokenizer tokenizer =
                bpe("<|im_end|>").put("bos_token_id", GgufValue.ofUint32(9_999)).tokenizer();
        assertEquals(OptionalInt.of(11), tokenizer.bos());
        assertEquals(OptionalInt.of(11), tokenizer.eos());
        assertEquals(
                OptionalInt.empty(),
                TinyVocabularies.bytePairs("chatglm-bpe").tokenizer().bos());
    }

    @Test
    void emptySpellingsGetOneAndDuplicatesAreRefused() {
        assertEquals("[EMPTY_256]", bpe("").tokenizer().piece(256));
        assertMessage(
                "tiny: metadata key 'tokenizer.ggml.tokens' expects distinct tokens, found 'xx' as 256 and as 257",
                () -> bpe("xx", "xx").tokenizer());
        assertMessage(
                "tiny: metadata key 'tokenizer.ggml.tokens' expects at least 1 token, found none",
                () -> new TinyVocabularies("llama").tokenizer());
    }

    @Test
    void shortArraysAreRefused() {
        Map<String, GgufValue> values = new LinkedHashMap<>(bpe("x1").metadata().asMap());
        values.put("tokenizer.ggml.token_type", GgufValue.of(1, 1));
        assertMessage(
                "tiny: metadata key 'tokenizer.ggml.token_type' expects 257 numbers, one a token, found 2",
                () -> Tokenizers.of(new GgufMetadata("tiny", values)));
    }

    @Test
    void unknownModelsAndPreTokenizersAreNamedWithTheKnown() {
        assertMessage(
                "tiny: metadata key 'tokenizer.ggml.model' names the unknown tokenizer 'rwkv'; known are llama, gpt2, gemma4, bert, t5",
                () -> new TinyVocabularies("rwkv")
                        .tokens(TinyVocabularies.NORMAL, "a")
                        .tokenizer());
        BadInputException e = assertThrows(BadInputException.class, () -> TinyVocabularies.bytePairs("llama-9")
                .tokenizer());
        String start =
                "tiny: metadata key 'tokenizer.ggml.pre' names the unknown pre-tokenizer 'llama-9'; known are default, ";
        assertTrue(e.getMessage().startsWith(start), e.getMessage());
        assertMessage(
                "tiny: metadata key 'tokenizer.ggml.merges' expects an array of string, found no such key",
                () -> new TinyVocabularies("gpt2")
                        .put("pre", GgufValue.of("qwen2"))
                        .tokens(TinyVocabularies.NORMAL, "a")
                        .tokenizer());
    }

    @Test
    void aMissingPreTokenizerIsTheDefault() {
        Map<String, GgufValue> values =
                new LinkedHashMap<>(TinyVocabularies.bytePairs("default", "1 2", "12 3", "123 4")
                        .metadata()
                        .asMap());
        Tokenizer named = Tokenizers.of(new GgufMetadata("tiny", values));
        values.remove("tokenizer.ggml.pre");
        assertArrayEquals(
                named.encode("12345 ...x", true, true),
                Tokenizers.of(new GgufMetadata("tiny", values)).encode("12345 ...x", true, true));
        assertArrayEquals(new int[] {257, '4', '5'}, named.encode("12345", false, false));
    }

    @Test
    void hostileMetadataNeverGiveAnythingButBadInput(@TempDir Path folder) throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        Path file = folder.resolve("v.gguf");
        int refused = 0;
        List<TinyVocabularies> all = List.of(
                TinyVocabularies.sentencePiece(),
                TinyVocabularies.bytePairs("qwen2", "a b", "ab c"),
                TinyVocabularies.wordPiece());
        for (TinyVocabularies vocabulary : all) {
            GgufWriter.to(file).overwrite(true).putAll(vocabulary.metadata()).write();
            byte[] whole = Files.readAllBytes(file);
            for (int round = 0; round < 1_500; round++) {
                byte[] bytes = whole.clone();
                for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
                Files.write(file, bytes);
                try {
                    Tokenizer tokenizer = Tokenizers.of(GgufFile.read(file));
                    tokenizer.decode(tokenizer.encode("abc ab<s>[SEP] \u7740 unwanted", true, true), true);
                } catch (BadInputException e) {
                    refused++;
                }
            }
        }
        assertTrue(refused > 500 && refused < 4_400, "refused " + refused);
    }

    private static void assertMessage(String message, Executable call) {
        assertEquals(message, assertThrows(BadInputException.class, call).getMessage());
    }
}
