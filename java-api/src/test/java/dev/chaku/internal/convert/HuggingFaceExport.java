package dev.chaku.internal.convert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The way back, for tests: an F32 GGUF model as the folder that Hugging Face would have. It shares no table with the
 * converter.
 */
public final class HuggingFaceExport {
    private final GgufFile file;
    private final GgufMetadata metadata;
    private final String className;
    private final Path folder;

    private HuggingFaceExport(Path model, String className, Path folder) {
        this.file = GgufFile.read(model);
        this.metadata = file.metadata();
        this.className = className;
        this.folder = folder;
    }

    /** Writes the folder, its tensors in two files with an index. */
    public static Path write(Path model, String className, Path folder) throws IOException {
        Files.createDirectories(folder);
        HuggingFaceExport export = new HuggingFaceExport(model, className, folder);
        export.config();
        export.tensors();
        export.tokenizer();
        return folder;
    }

    private void config() throws IOException {
        json("config.json", new HuggingFaceConfig(file, className).write());
    }

    private void tensors() throws IOException {
        List<Safetensors.Source> all = new HuggingFaceTensors(file, className).all();
        int half = all.size() / 2;
        Safetensors.write(
                folder.resolve("model-00001-of-00002.safetensors"), Map.of("format", "pt"), all.subList(0, half));
        Safetensors.write(
                folder.resolve("model-00002-of-00002.safetensors"),
                Map.of("format", "pt"),
                all.subList(half, all.size()));
        Map<String, Object> places = new TreeMap<>();
        for (int i = 0; i < all.size(); i++) {
            places.put(
                    all.get(i).name(),
                    i < half ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors");
        }
        json("model.safetensors.index.json", Map.of("weight_map", places));
    }

    private void tokenizer() throws IOException {
        GgufArray.Strings tokens = metadata.requireStrings("tokenizer.ggml.tokens");
        int[] kinds = metadata.requireNumbers("tokenizer.ggml.token_type").toInts();
        Map<String, Object> settings = new LinkedHashMap<>();
        for (String name : List.of("bos", "eos")) {
            settings.put(name + "_token", tokens.get(metadata.requireInt("tokenizer.ggml." + name + "_token_id")));
        }
        metadata.findBool("tokenizer.ggml.add_bos_token").ifPresent(on -> settings.put("add_bos_token", on));
        metadata.findBool("tokenizer.ggml.add_space_prefix").ifPresent(on -> settings.put("add_prefix_space", on));
        json("tokenizer_config.json", settings);
        if (metadata.requireString("tokenizer.ggml.model").equals("llama")) {
            Files.write(
                    folder.resolve("tokenizer.model"),
                    sentencePiece(
                            tokens,
                            metadata.requireNumbers("tokenizer.ggml.scores").toFloats(),
                            kinds));
            return;
        }
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (kinds[id] == 3) {
                added.add(Map.of("id", id, "content", tokens.get(id), "special", true));
            } else {
                vocabulary.put(tokens.get(id), id);
            }
        }
        Object merges = metadata.requireStrings("tokenizer.ggml.merges").toList();
        String pattern =
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        boolean threeDigits = metadata.requireString("tokenizer.ggml.pre").equals("lfm2");
        String own = threeDigits ? pattern.replace("|\\p{N}|", "|\\p{N}{1,3}|") : pattern;
        Map<String, Object> split =
                Map.of("type", "Split", "pattern", Map.of("Regex", own), "behavior", "Isolated", "invert", false);
        Map<String, Object> bytes = Map.of("type", "ByteLevel", "add_prefix_space", false, "use_regex", false);
        json(
                "tokenizer.json",
                Map.of(
                        "added_tokens", added,
                        "pre_tokenizer", Map.of("type", "Sequence", "pretokenizers", List.of(split, bytes)),
                        "model",
                                Map.of(
                                        "type",
                                        "BPE",
                                        "vocab",
                                        vocabulary,
                                        "merges",
                                        merges,
                                        "ignore_merges",
                                        threeDigits)));
    }

    /** A protocol buffer of pieces, and of the model type. */
    static byte[] sentencePiece(GgufArray.Strings tokens, float[] scores, int[] kinds) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int id = 0; id < tokens.size(); id++) {
            ByteArrayOutputStream piece = new ByteArrayOutputStream();
            byte[] text = tokens.get(id).getBytes(StandardCharsets.UTF_8);
            piece.write(1 << 3 | 2);
            piece.write(text.length);
            piece.writeBytes(text);
            piece.write(2 << 3 | 5);
            piece.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(scores[id])
                    .array());
            piece.write(3 << 3);
            piece.write(kinds[id]);
            out.write(1 << 3 | 2);
            out.write(piece.size());
            out.writeBytes(piece.toByteArray());
        }
        out.writeBytes(new byte[] {2 << 3 | 2, 2, 3 << 3, 2});
        return out.toByteArray();
    }

    private void json(String name, Object value) throws IOException {
        json(folder.resolve(name), value);
    }

    /** Writes maps, lists, texts, numbers and truth values. */
    public static void json(Path path, Object value) throws IOException {
        try (JsonGenerator json = new JsonFactory().createGenerator(Files.newBufferedWriter(path))) {
            write(json, value);
        }
    }

    private static void write(JsonGenerator json, Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            json.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                json.writeFieldName(entry.getKey().toString());
                write(json, entry.getValue());
            }
            json.writeEndObject();
        } else if (value instanceof List<?> list) {
            json.writeStartArray();
            for (Object element : list) {
                write(json, element);
            }
            json.writeEndArray();
        } else if (value instanceof Integer number) {
            json.writeNumber(number);
        } else if (value instanceof Long number) {
            json.writeNumber(number);
        } else if (value instanceof Double number) {
            json.writeNumber(number);
        } else if (value instanceof Boolean bool) {
            json.writeBoolean(bool);
        } else {
            json.writeString(value.toString());
        }
    }
}
