package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Equality with llama.cpp on the reference data, save where llama.cpp itself differs from the tokenizer.json. */
class TokenizersTest {
    /** Words with marks, which llama.cpp cuts at each mark; as Hugging Face's tokenizers cut them. */
    private static final Original MARKS = new Original(
            39, 124122, 29825, 124671, 124476, 129634, 124756, 123881, 14925, 101, 87244, 78368, 30484, 97, 34370,
            129328, 124294, 35648, 124311, 79484, 26991, 8178, 220, 108386, 95170, 144370, 91145);
    /** Digits past ASCII, of which llama.cpp makes one word; tokenizer.json has each on its own. */
    private static final Original WIDE_DIGITS = new Original(
            24, 16, 220, 16, 17, 220, 16, 17, 18, 220, 16, 17, 18, 19, 220, 16, 17, 18, 19, 20, 220, 16, 17, 18, 19, 20,
            21, 22, 23, 24, 15, 220, 18, 13, 16, 19, 16, 20, 24, 220, 16, 11, 15, 15, 15, 11, 15, 15, 15, 220, 24918,
            26022, 24918, 45602, 7948);

    private static final Map<String, Original> EXCEPTIONS = Map.of(
            "qwen2.5-pre-gpt-4o",
            MARKS,
            "qwen2.5-pre-llama4",
            MARKS,
            "qwen2.5-pre-tekken",
            MARKS,
            "qwen2.5-pre-kimi-k2",
            MARKS,
            "qwen2.5-pre-deepseek-llm",
            WIDE_DIGITS);

    /** The string for which a golden is not what tokenizer.json says, and its ids without BOS. */
    private record Original(int string, int... ids) {}

    @ParameterizedTest
    @ValueSource(strings = {"bert-bge", "deepseek-coder", "deepseek-llm", "gpt-2", "llama-spm", "mpt", "phi-3"})
    void referenceTextsGiveTheReferenceIds(String name) throws IOException {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/" + name + ".gguf")));
        assertTexts(tokenizer, "tokenizers/" + name);
    }

    @Test
    void qwenGivesTheReferenceIds() throws IOException {
        assertTexts(Tokenizers.of(TokenizerGoldens.qwen()), "tokenizers/qwen2.5/qwen2");
    }

    @ParameterizedTest
    @CsvSource({
        "tokenizers/bert-bge.gguf, bert-bge",
        "tokenizers/deepseek-coder.gguf, deepseek-coder",
        "tokenizers/deepseek-llm.gguf, deepseek-llm",
        "tokenizers/gpt-2.gguf, gpt-2",
        "tokenizers/llama-spm.gguf, llama-spm",
        "tokenizers/mpt.gguf, mpt",
        "tokenizers/phi-3.gguf, phi-3",
        "parity/stories260K/stories260K-f32.gguf, stories260K",
        "parity/tiny/qwen2.gguf, tiny-bpe"
    })
    void goldensAreEqual(String model, String golden) throws IOException {
        assertGolden(Tokenizers.of(GgufFile.read(ReferenceData.require(model))), golden);
    }

    @Test
    void everyPreTokenizerIsEqual() throws IOException {
        List<Path> goldens;
        try (Stream<Path> files = Files.list(ReferenceData.require("parity/tok"))) {
            goldens = files.filter(file -> file.getFileName().toString().startsWith("qwen2.5-pre-"))
                    .sorted()
                    .toList();
        }
        assertEquals(35, goldens.size());
        GgufMetadata vocabulary = TokenizerGoldens.qwen();
        StringBuilder failures = new StringBuilder();
        for (Path golden : goldens) {
            String name = golden.getFileName().toString().replace(".json", "");
            try {
                assertGolden(
                        Tokenizers.of(TokenizerGoldens.qwen(vocabulary, name.substring("qwen2.5-pre-".length()))),
                        name);
            } catch (RuntimeException | AssertionError e) {
                failures.append(e.getMessage()).append('\n');
            }
        }
        assertEquals("", failures.toString());
    }

    /** Ids from torchtune's test of its Qwen2 tokenizer. */
    @Test
    void torchtunesTinyVocabularyGivesItsIds() throws IOException {
        Path folder = ReferenceData.require("tokenizers/torchtune");
        List<String> merges = Files.readAllLines(folder.resolve("tiny_bpe_merges.txt"));
        Tokenizer tokenizer = Tokenizers.of(TokenizerGoldens.bytePairs(
                "qwen2", (Map<?, ?>) TokenizerGoldens.json(folder.resolve("tiny_bpe_vocab.json")), merges));
        String text =
                "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
                        + "### Instruction:\nGenerate a realistic dating profile bio.\n\n### Response:\n";
        assertArrayEquals(
                new int[] {
                    33, 214, 174, 156, 194, 130, 197, 184, 446, 789, 113, 98, 1914, 13, 346, 788, 98, 706, 102, 182,
                    184, 1916, 176, 762, 83, 113, 103, 874, 269, 13, 94, 94, 2, 2, 2, 483, 197, 25, 94, 885, 98, 1226,
                    1960, 348, 114, 1123, 399, 1583, 78, 13, 94, 94, 2, 2, 2, 360, 1733, 102, 182, 25, 94
                },
                tokenizer.encode(text, false, false));
    }

    /** Ids from torchtune's comparison of tiktoken and Hugging Face on one vocabulary. */
    @Test
    void torchtunesTiktokenVocabularyGivesItsIds() throws IOException {
        Map<?, ?> file =
                (Map<?, ?>) TokenizerGoldens.json(ReferenceData.require("tokenizers/torchtune/tokenizer.json"));
        Map<?, ?> model = (Map<?, ?>) file.get("model");
        List<String> merges = ((List<?>) model.get("merges"))
                .stream()
                        .map(merge -> merge instanceof List<?> pair ? pair.get(0) + " " + pair.get(1) : (String) merge)
                        .toList();
        Tokenizer tokenizer =
                Tokenizers.of(TokenizerGoldens.bytePairs("smaug-bpe", (Map<?, ?>) model.get("vocab"), merges));
        String text = "I can see the sun. But even if I cannot see the sun, I know that it exists.";
        int[] ids = {
            73, 503, 654, 262, 376, 110, 46, 690, 720, 428, 270, 1119, 654, 262, 376, 110, 44, 270, 686, 334, 312, 522,
            511, 115, 46
        };
        assertArrayEquals(ids, tokenizer.encode(text, false, false));
        assertEquals(text, tokenizer.decode(ids, false));
    }

    private static void assertTexts(Tokenizer tokenizer, String files) throws IOException {
        List<String> texts = TokenizerGoldens.texts(ReferenceData.require(files + ".inp"));
        List<int[]> ids = TokenizerGoldens.ids(ReferenceData.require(files + ".out"));
        assertEquals(ids.size(), texts.size());
        for (int i = 0; i < texts.size(); i++) {
            assertArrayEquals(
                    ids.get(i),
                    tokenizer.encode(texts.get(i), false, false),
                    files + " text " + i + ": " + texts.get(i));
        }
    }

    private static void assertGolden(Tokenizer tokenizer, String name) throws IOException {
        List<?> strings = (List<?>) TokenizerGoldens.json(ReferenceData.require("parity/tok/strings.json"));
        Map<?, ?> golden = (Map<?, ?>) TokenizerGoldens.json(ReferenceData.require("parity/tok/" + name + ".json"));
        assertInfo(tokenizer, (String) golden.get("info"));
        List<?> cases = (List<?>) golden.get("cases");
        assertEquals(strings.size(), cases.size());
        for (int i = 0; i < strings.size(); i++) {
            String text = (String) strings.get(i);
            Map<?, ?> expected = (Map<?, ?>) cases.get(i);
            for (String mode : List.of("s1p1", "s1p0", "s0p0", "s0p1")) {
                if (expected.containsKey(mode)) {
                    int[] ids = tokenizer.encode(text, mode.charAt(1) == '1', mode.charAt(3) == '1');
                    String message = name + " " + mode + " string " + i + ": " + text;
                    Original exception = EXCEPTIONS.get(name);
                    if (exception == null || exception.string() != i) {
                        assertArrayEquals(withOneBos(tokenizer, ints(expected.get(mode))), ids, message);
                    } else {
                        assertFalse(Arrays.equals(ints(expected.get(mode)), ids), message + " is no exception");
                        assertArrayEquals(exception.ids(), tokenizer.encode(text, false, true), message);
                    }
                }
            }
            if (expected.containsKey("d")) {
                int[] ids = ints(expected.get("s0p1"));
                assertEquals(unhex(expected.get("d")), tokenizer.decode(ids, false), name + " d string " + i);
                assertEquals(unhex(expected.get("du")), tokenizer.decode(ids, true), name + " du string " + i);
            }
        }
    }

    /** Of a text that spells the begin-of-text token llama.cpp makes two and warns. */
    private static int[] withOneBos(Tokenizer tokenizer, int[] ids) {
        boolean two =
                ids.length > 1 && ids[0] == ids[1] && ids[0] == tokenizer.bos().orElse(-1);
        return two ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
    }

    /** {@code n_vocab 512 bos 1 eos 2 add_bos 1 add_eos 0}. */
    private static void assertInfo(Tokenizer tokenizer, String info) {
        String[] words = info.split(" ");
        assertEquals(Integer.parseInt(words[1]), tokenizer.vocabSize());
        assertEquals(Integer.parseInt(words[3]), tokenizer.bos().orElse(-1));
        assertEquals(Integer.parseInt(words[5]), tokenizer.eos().orElse(-1));
    }

    private static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(id -> (Integer) id).toArray();
    }

    private static String unhex(Object hex) {
        return new String(HexFormat.of().parseHex((String) hex), StandardCharsets.UTF_8);
    }
}
