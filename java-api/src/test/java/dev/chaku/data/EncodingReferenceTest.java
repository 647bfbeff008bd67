package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published data sets through real vocabularies. */
class EncodingReferenceTest {
    private static Tokenizer tokenizer(String name) {
        return Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/" + name + ".gguf")));
    }

    /** Most examples of one file that go through each vocabulary, so that 24 files through 7 of them take seconds. */
    private static final int SAMPLE = 120;

    private static final int MAX_LENGTH = 512;

    private static List<Path> files(String folder, String pattern) {
        try (Stream<Path> all = Files.walk(ReferenceData.require(folder))) {
            return all.filter(
                            file -> Files.isRegularFile(file) && file.toString().matches(pattern))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All data sets; the other files there are a licence and a description of data sets. */
    private static List<Path> dataSets() {
        return files("datasets", ".*(?<!dataset_info)\\.(jsonl?|csv|txt)");
    }

    private static Dataset read(Path file, Dataset.Options options) {
        ColumnMap columns =
                file.endsWith("prompts.csv") ? ColumnMap.parse("prompt=act,completion=prompt") : ColumnMap.NONE;
        return Dataset.read(List.of(file), options.withColumns(columns));
    }

    /** Evenly from all of the file. */
    private static List<Example> sample(List<Example> all) {
        int n = Math.min(SAMPLE, all.size());
        return IntStream.range(0, n)
                .mapToObj(i -> all.get((int) ((long) i * all.size() / n)))
                .toList();
    }

    @TestFactory
    List<DynamicTest> everyDataSetIsReadMaskedAndPackedInEveryVocabulary() {
        if (!ReferenceData.has("datasets") || !ReferenceData.has("tokenizers")) {
            return ReferenceData.skipped("datasets, tokenizers");
        }
        Map<Path, List<Example>> samples = new LinkedHashMap<>();
        dataSets()
                .forEach(file -> samples.put(
                        file, sample(read(file, Dataset.Options.defaults()).examples())));
        List<DynamicTest> tests = new ArrayList<>();
        for (Path vocabulary : files("tokenizers", ".*\\.gguf")) {
            Tokenizer tokenizer = Tokenizers.of(GgufFile.read(vocabulary));
            samples.forEach((file, examples) -> tests.add(DynamicTest.dynamicTest(
                    vocabulary.getFileName() + " " + file.getFileName(), () -> encodeAndPack(tokenizer, examples))));
        }
        assertTrue(tests.size() >= 24 * 7, tests.size() + " tests");
        return tests;
    }

    private static void encodeAndPack(Tokenizer tokenizer, List<Example> examples) {
        ExampleEncoder encoder = new ExampleEncoder(
                tokenizer,
                ChatRenderer.of(ChatTemplate.named("chatml", "", "")),
                new ExampleEncoder.Options(MAX_LENGTH, OverLong.SPLIT, false));
        boolean foreign = examples.get(0) instanceof Example.Tokens tokens
                && tokens.ids().stream().anyMatch(id -> id >= tokenizer.vocabSize());
        if (foreign) {
            assertThrows(BadInputException.class, () -> encoder.encode(examples));
            return;
        }
        EncodedExamples.Builder builder = EncodedExamples.builder(Long.MAX_VALUE, Path.of(""));
        encoder.encodeAhead(examples, builder::add);
        EncodedExamples encoded = builder.build();
        assertTrue(encoded.size() >= examples.size() - encoder.counts().unwanted());
        encoded.forEach(example -> assertTrue(example.weight() > 0 && example.length() <= MAX_LENGTH));
        PackedRows rows = new Packer(MAX_LENGTH, true, 1).pack(encoded);
        assertEquals(
                encoded.tokens(), rows.stream().mapToLong(PackedRow::length).sum());
        double weight = encoded.stream().mapToDouble(EncodedExample::weight).sum();
        double packed = 0;
        for (PackedRow row : rows) {
            for (float one : row.weights()) {
                packed += one;
            }
        }
        assertEquals(weight, packed, 1e-6 * weight);
    }

    @TestFactory
    List<DynamicTest> everyDataSetIsTheSameFromDisk() {
        if (!ReferenceData.has("datasets")) {
            return ReferenceData.skipped("datasets");
        }
        return dataSets().stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    Dataset.Options options = Dataset.Options.defaults();
                    assertEquals(
                            read(file, options).examples(),
                            read(file, options.withInMemoryBytes(0)).examples());
                }))
                .toList();
    }

    /** Segments encoded apart give the tokens of the whole text, where the seam is no part of a word. */
    @ParameterizedTest
    @CsvSource({"llama-spm,llama2", "llama-spm,zephyr", "phi-3,phi3", "gpt-2,chatml"})
    void theSeamsOfAConversationAddNothing(String vocabulary, String template) {
        Tokenizer tokenizer = tokenizer(vocabulary);
        ChatRenderer renderer = ChatRenderer.of(ChatTemplate.named(template, "<s>", "</s>"));
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "Who are you?"),
                Map.of("role", "assistant", "content", "A fox, and you?"),
                Map.of("role", "user", "content", "誰ですか"),
                Map.of("role", "assistant", "content", "Nobody knows."));
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, renderer, new ExampleEncoder.Options(999, OverLong.ERROR, false));
        EncodedExample encoded = encoder.encode(List.of(Example.Chat.of("f:1", messages, List.of())))
                .get(0);
        String text = renderer.render(messages, List.of(), false);
        boolean writesBos = tokenizer.bos().isPresent()
                && text.startsWith(tokenizer.piece(tokenizer.bos().getAsInt()));
        int[] expected = tokenizer.encode(text, !writesBos, true);
        if (encoder.counts().endsAdded() > 0) {
            expected[expected.length - 1] =
                    tokenizer.eos().getAsInt(); // In place of the line break after the last turn.
        }
        assertArrayEquals(expected, encoded.tokens());
    }

    /** The ids are those of Hugging Face's tokenizer, of a vocabulary whose end of text ends turns. */
    @Test
    void textThatComesFormattedHasItsTokens() {
        Path folder = ReferenceData.require("cases/04-preformatted-text");
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(folder.resolve("m.gguf")));
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, null, new ExampleEncoder.Options(99, OverLong.ERROR, false));
        int[] ids = {
            1, 278, 201, 57, 259, 273, 281, 261, 283, 33, 2, 201, 1, 266, 292, 86, 201, 49, 80, 261, 286, 16, 2, 201
        };
        EncodedExample text = encoder.encode(read(folder.resolve("text.jsonl"), Dataset.Options.defaults())
                        .examples())
                .get(0);
        assertArrayEquals(ids, text.tokens());
        assertEquals(23, text.weight());
        EncodedExample pair = encoder.encode(read(folder.resolve("pc.jsonl"), Dataset.Options.defaults())
                        .examples())
                .get(0);
        assertArrayEquals(ids, pair.tokens());
        assertEquals(7, pair.weight());
        EncodedExample ended = encoder.encode(read(folder.resolve("v1.jsonl"), Dataset.Options.defaults())
                        .examples())
                .get(0);
        assertEquals(1, IntStream.of(ended.tokens()).filter(id -> id == 2).count());
    }

    /** The flag is about whole texts: nothing stands between prompt and answer, and the end stands there once. */
    @ParameterizedTest
    @CsvSource({"parity/stories260K/stories260K-f32.gguf", "cases/01-add-eos-flag/eosflag.gguf"})
    void theFlagThatAddsAnEndChangesNothing(String model) {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require(model)));
        ChatRenderer chatml = ChatRenderer.of(ChatTemplate.named("chatml", "<s>", "</s>"));
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, chatml, new ExampleEncoder.Options(999, OverLong.ERROR, false));
        Path folder = ReferenceData.require("cases/01-add-eos-flag");
        int[] ids = {1, 291, 280, 294, 262, 294, 426, 359, 413, 286, 393, 426, 2};
        for (String file : List.of("pc.jsonl", "text.jsonl")) {
            assertArrayEquals(
                    ids,
                    encoder.encode(read(folder.resolve(file), Dataset.Options.defaults())
                                    .examples())
                            .get(0)
                            .tokens(),
                    file);
        }
        Example.Chat chat = (Example.Chat) read(folder.resolve("chat.jsonl"), Dataset.Options.defaults())
                .examples()
                .get(0);
        int[] prompt = new PromptEncoder(tokenizer).chat(chat.messages().subList(0, 1), List.of(), chatml);
        assertTrue(IntStream.of(prompt).noneMatch(id -> id == 2));
        assertArrayEquals(
                prompt, Arrays.copyOf(encoder.encode(List.of(chat)).get(0).tokens(), prompt.length));
    }

    @Test
    void aCompletionGoesOnWithoutASpaceThatNobodyWrote() {
        Tokenizer tokenizer = tokenizer("llama-spm");
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, null, new ExampleEncoder.Options(99, OverLong.ERROR, false));
        List<Example> examples = List.of(
                new Example.PromptCompletion("f:1", "2+2=", "4"), new Example.PromptCompletion("f:2", "A:", " yes"));
        List<String> texts = new ArrayList<>();
        encoder.encode(examples)
                .forEach(e -> texts.add(tokenizer.decode(e.tokens(), false).strip()));
        assertEquals(List.of("2+2=4", "A: yes"), texts);
    }
}
