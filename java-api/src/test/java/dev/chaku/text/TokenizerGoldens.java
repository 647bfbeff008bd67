package dev.chaku.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the reference data of tokenizers: texts, ids, vocabularies that are not in GGUF files. */
public final class TokenizerGoldens {
    private TokenizerGoldens() {}

    /** The texts of an {@code .inp} file. */
    static List<String> texts(Path inp) throws IOException {
        List<String> texts = new ArrayList<>(List.of(Files.readString(inp).split("\n__ggml_vocab_test__\n", -1)));
        if (texts.get(texts.size() - 1).isEmpty()) {
            texts.remove(texts.size() - 1);
        }
        return texts;
    }

    /** The ids of an {@code .out} file, one array a line. */
    static List<int[]> ids(Path out) throws IOException {
        return Files.readAllLines(out).stream()
                .map(line -> Arrays.stream(line.trim().split(" "))
                        .filter(id -> !id.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray())
                .toList();
    }

    /** A JSON file as maps, lists, strings and integers. */
    static Object json(Path file) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(file.toFile())) {
            parser.nextToken();
            return value(parser);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    map.put(name, value(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> parser.getIntValue();
            case VALUE_NULL -> "null";
            default -> parser.getText();
        };
    }

    /** Byte-level BPE metadata of a vocabulary as Hugging Face's tokenizers keep it. */
    static GgufMetadata bytePairs(String pre, Map<?, ?> vocab, List<String> merges) {
        TinyVocabularies metadata =
                new TinyVocabularies("gpt2").put("pre", GgufValue.of(pre)).put("merges", GgufValue.of(merges));
        String[] tokens = new String[vocab.size()];
        vocab.forEach((token, id) -> tokens[(Integer) id] = (String) token);
        return metadata.tokens(TinyVocabularies.NORMAL, tokens).metadata();
    }

    /** Qwen2.5's vocabulary under the name of some pre-tokenizer. */
    static GgufMetadata qwen(GgufMetadata vocabulary, String pre) {
        Map<String, GgufValue> values = new LinkedHashMap<>(vocabulary.asMap());
        values.put("tokenizer.ggml.pre", GgufValue.of(pre));
        return new GgufMetadata(vocabulary.source(), values);
    }

    /** The metadata that llama.cpp's converter makes of Qwen2.5's vocab.json, merges.txt and added_tokens.json. */
    public static GgufMetadata qwen() throws IOException {
        Path folder = ReferenceData.require("tokenizers/qwen2.5");
        Map<?, ?> vocab = (Map<?, ?>) json(folder.resolve("vocab.json"));
        Map<?, ?> added = (Map<?, ?>) json(folder.resolve("added_tokens.json"));
        String[] tokens = new String[151936];
        int[] types = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = "[PAD" + i + "]";
            types[i] = 5;
        }
        vocab.forEach((token, id) -> {
            tokens[(Integer) id] = (String) token;
            types[(Integer) id] = 1;
        });
        added.forEach((token, id) -> {
            tokens[(Integer) id] = (String) token;
            boolean plain = ((String) token).contains("tool_call")
                    || ((String) token).contains("fim_")
                    || ((String) token).matches("<\\|(repo_name|file_sep)\\|>");
            types[(Integer) id] = plain ? 4 : 3;
        });
        List<String> merges = Files.readAllLines(folder.resolve("merges.txt")).stream()
                .filter(line -> !line.startsWith("#version") && !line.isEmpty())
                .toList();
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("qwen2"));
        values.put("tokenizer.ggml.tokens", GgufValue.of(Arrays.asList(tokens)));
        values.put("tokenizer.ggml.token_type", GgufValue.of(types));
        values.put("tokenizer.ggml.merges", GgufValue.of(merges));
        values.put("tokenizer.ggml.bos_token_id", GgufValue.ofUint32(151643));
        values.put("tokenizer.ggml.eos_token_id", GgufValue.ofUint32(151645));
        values.put("tokenizer.ggml.add_bos_token", GgufValue.of(false));
        return new GgufMetadata("qwen2.5", values);
    }
}
