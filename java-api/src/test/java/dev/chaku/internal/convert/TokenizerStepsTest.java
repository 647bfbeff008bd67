package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceJson;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of tokenizer.json against the ids and texts that Hugging Face's tokenizers 0.22 give for them. */
class TokenizerStepsTest {
    @TempDir
    Path folder;

    private GgufMetadata convert(Object tokenizer) throws IOException {
        HuggingFaceExport.json(folder.resolve("tokenizer.json"), tokenizer);
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<|bos|>\", \"eos_token\": \"<|eos|>\"}");
        Path config =
                Files.writeString(folder.resolve("config.json"), "{\"architectures\": [\"X\"], \"vocab_size\": 600}");
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        HuggingFaceTokenizer.read(folder, ModelConfig.read(config)).describe(metadata);
        return new GgufMetadata("converted", metadata);
    }

    @Test
    void everyStepGivesTheIdsOfTheOriginal() throws IOException, URISyntaxException {
        Map<String, Object> golden = ReferenceJson.object(ReferenceJson.read(Path.of(
                TokenizerStepsTest.class.getResource("tokenizer-steps.json").toURI())));
        List<Object> texts = ReferenceJson.list(golden.get("texts"));
        StringBuilder failures = new StringBuilder();
        List<Object> cases = ReferenceJson.list(golden.get("cases"));
        assertEquals(29, cases.size());
        for (Object each : cases) {
            Map<String, Object> one = ReferenceJson.object(each);
            Map<String, Object> json = new LinkedHashMap<>(ReferenceJson.object(
                    ReferenceJson.object(golden.get("bases")).get(one.get("base"))));
            json.putAll(ReferenceJson.object(one.get("with")));
            json.values().removeIf(""::equals);
            Tokenizer tokenizer = Tokenizers.of(convert(json));
            for (int i = 0; i < texts.size(); i++) {
                int[] ids = tokenizer.encode((String) texts.get(i), false, true);
                String found = Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
                String expected = (String) ReferenceJson.list(one.get("ids")).get(i);
                if (!found.equals(expected)) {
                    failures.append(one.get("name"))
                            .append(": '")
                            .append(texts.get(i))
                            .append("' ")
                            .append(expected)
                            .append(" != ")
                            .append(found)
                            .append('\n');
                } else if (!tokenizer
                        .decode(ids, false)
                        .equals(ReferenceJson.list(one.get("decoded")).get(i))) {
                    failures.append(one.get("name"))
                            .append(": decoded '")
                            .append(tokenizer.decode(ids, false))
                            .append("'\n");
                }
            }
        }
        assertEquals("", failures.toString());
    }

    /** A part, as JSON with other quotes, and the words in which it is refused. */
    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '\u0001',
            value = {
                "'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': 'x'} => normalizer.precompiled_charsmap expects bytes in base 64",
                "'normalizer': {'type': 'Nmt'} => normalizer.type expects NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled or a Sequence of them, found Nmt",
                "'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'NFC'}, {'type': 'Nmt'}]} => normalizers[1].type expects NFC",
                "'normalizer': {'type': 'BertNormalizer'} => found BertNormalizer",
                "'normalizer': {'type': 'Replace', 'pattern': {'Regex': '(a+)+'}, 'content': ''} => pattern.Regex expects alternatives of characters and classes, of which one may repeat without bound, found (a+)+",
                "'decoder': {'type': 'WordPiece', 'prefix': '##'} => decoder.type expects ByteLevel, found WordPiece",
                "'post_processor': {'type': 'Other'} => post_processor.type expects TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel",
                "'post_processor': {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': 'a'}}, {'SpecialToken': {'id': 'b'}}, {'Sequence': {'id': 'A'}}]} => post_processor.single expects at most one token before a text and one after it, found a second, b",
                "'post_processor': {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': 'a'}}, {'Sequence': {'id': 'A'}}]} => post_processor expects the bos_token around a text, whose id is 1, found a",
                "'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [{'type': 'Digits'}, {'type': 'ByteLevel', 'add_prefix_space': true}]} => pretokenizers[1].add_prefix_space expects false but in a first step, found true",
                "'MODEL': {'dropout': 0.1} => model.dropout expects none",
                "'MODEL': {'end_of_word_suffix': '</w>'} => model.end_of_word_suffix expects none, found </w>",
                "'CHARS': 1, 'pre_tokenizer': {'type': 'Digits'} => pre_tokenizer.type expects Metaspace with \u2581, once, with or without WhitespaceSplit before it, found Digits",
                "'CHARS': 1, 'decoder': {'type': 'BPEDecoder', 'suffix': '</w>'} => decoder.type expects Replace of \u2581 by a space"
            })
    void whatIsNotUnderstoodIsRefusedByName(String part, String expected) throws IOException {
        boolean characters = part.contains("'CHARS'");
        String model =
                part.contains("'MODEL'") ? part.substring(part.indexOf('{') + 1, part.lastIndexOf('}')) + ", " : "";
        String json = "{'added_tokens': [{'id': 1, 'content': '<|bos|>', 'special': true}], "
                + (part.contains("pre_tokenizer")
                        ? ""
                        : "'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': false}, ")
                + (part.contains("'MODEL'") ? "" : part.replace("'CHARS': 1, ", "") + ", ")
                + "'model': {'type': 'BPE', " + model + "'byte_fallback': " + characters
                + ", 'vocab': {'a': 0, 'b': 2}, 'merges': []}}";
        if (characters && !part.contains("pre_tokenizer")) {
            json = json.replace("'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': false}, ", "");
        }
        Files.writeString(folder.resolve("tokenizer.json"), json.replace('\'', '"'));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<|bos|>\"}");
        Path config =
                Files.writeString(folder.resolve("config.json"), "{\"architectures\": [\"X\"], \"vocab_size\": 4}");
        String message = assertThrows(
                        BadInputException.class, () -> HuggingFaceTokenizer.read(folder, ModelConfig.read(config))
                                .describe(new LinkedHashMap<>()))
                .getMessage();
        assertTrue(message.contains("tokenizer.json: ") && message.contains(expected), message);
    }

    /** The tokens that a post-processor puts around a text are added, unless the settings say that they are not. */
    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '\u0001',
            value = {
                "{} => [1, 0, 2]",
                "{'add_bos_token': false} => [0, 2]",
                "{'bos_token': 'S', 'add_eos_token': false} => [1, 0]"
            })
    void tokensAroundATextAreThoseOfThePostProcessor(String settings, String ids) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                ("{'added_tokens': [{'id': 1, 'content': 'S', 'special': true}, {'id': 2, 'content': 'E', 'special': true}],"
                                + "'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': false}, 'post_processor': {'type': 'Sequence', 'processors': ["
                                + "{'type': 'ByteLevel'}, {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': 'S'}}, {'Sequence': {'id': 'A'}},"
                                + "{'SpecialToken': {'id': 'E'}}]}]}, 'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': []}}")
                        .replace('\'', '"'));
        Files.writeString(folder.resolve("tokenizer_config.json"), settings.replace('\'', '"'));
        Path config =
                Files.writeString(folder.resolve("config.json"), "{\"architectures\": [\"X\"], \"vocab_size\": 3}");
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        HuggingFaceTokenizer.read(folder, ModelConfig.read(config)).describe(metadata);
        assertEquals(
                ids,
                Arrays.toString(
                        Tokenizers.of(new GgufMetadata("converted", metadata)).encode("a", true, false)));
    }
}
