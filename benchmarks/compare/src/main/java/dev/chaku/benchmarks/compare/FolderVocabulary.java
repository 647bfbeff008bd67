package dev.chaku.benchmarks.compare;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.json.JsonTree;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A real vocabulary: that of a GGUF file, or of a folder with vocab.json, merges.txt and added_tokens.json. */
final class FolderVocabulary {
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;

    private FolderVocabulary() {}

    static Tokenizer read(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return Tokenizers.of(GgufFile.read(path));
        }
        Map<?, ?> pieces = json(path.resolve("vocab.json"));
        Map<?, ?> added = json(path.resolve("added_tokens.json"));
        String[] tokens = new String[pieces.size() + added.size()];
        int[] types = new int[tokens.length];
        put(pieces, NORMAL, tokens, types);
        put(added, CONTROL, tokens, types);
        List<String> merges = Files.readAllLines(path.resolve("merges.txt")).stream()
                .filter(line -> !line.isEmpty() && !line.startsWith("#version"))
                .toList();
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("qwen2"));
        values.put("tokenizer.ggml.tokens", GgufValue.of(Arrays.asList(tokens)));
        values.put("tokenizer.ggml.token_type", GgufValue.of(types));
        values.put("tokenizer.ggml.merges", GgufValue.of(merges));
        values.put(
                "tokenizer.ggml.eos_token_id",
                GgufValue.ofUint32(Arrays.asList(tokens).indexOf("<|endoftext|>")));
        return Tokenizers.of(new GgufMetadata(path.toString(), values));
    }

    private static Map<?, ?> json(Path file) throws IOException {
        return (Map<?, ?>) JsonTree.parse(file.toString(), Files.readString(file));
    }

    private static void put(Map<?, ?> ids, int type, String[] tokens, int[] types) {
        ids.forEach((token, id) -> {
            int at = ((Number) id).intValue();
            tokens[at] = (String) token;
            types[at] = type;
        });
    }
}
