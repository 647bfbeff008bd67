package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/** A folder as Hugging Face's of MiniLM with six layers: random weights, and the real tokenizer. */
final class EmbeddingModel {
    private static final int WIDTH = 384;
    private static final int FF = 1536;
    private static final int LAYERS = 6;
    private static final int VOCAB = 30522;
    private static final int CONTEXT = 512;
    private static final double DEVIATION = 0.05;

    private EmbeddingModel() {}

    static void write(Path folder, InputStream tokenizer) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve("tokenizer.json"), tokenizer.readAllBytes());
        Files.writeString(folder.resolve("config.json"), String.format("""
                {"architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": %d, "intermediate_size": %d,
                 "layer_norm_eps": 1e-12, "max_position_embeddings": %d, "num_attention_heads": 12,
                 "num_hidden_layers": %d, "type_vocab_size": 2, "vocab_size": %d}
                """, WIDTH, FF, CONTEXT, LAYERS, VOCAB));
        Map<String, int[]> tensors = new LinkedHashMap<>();
        tensors.put("embeddings.word_embeddings.weight", new int[] {VOCAB, WIDTH});
        tensors.put("embeddings.position_embeddings.weight", new int[] {CONTEXT, WIDTH});
        tensors.put("embeddings.token_type_embeddings.weight", new int[] {2, WIDTH});
        norm(tensors, "embeddings.LayerNorm");
        for (int l = 0; l < LAYERS; l++) {
            String layer = "encoder.layer." + l + ".";
            for (String name : new String[] {"query", "key", "value"}) {
                product(tensors, layer + "attention.self." + name, WIDTH, WIDTH);
            }
            product(tensors, layer + "attention.output.dense", WIDTH, WIDTH);
            norm(tensors, layer + "attention.output.LayerNorm");
            product(tensors, layer + "intermediate.dense", FF, WIDTH);
            product(tensors, layer + "output.dense", WIDTH, FF);
            norm(tensors, layer + "output.LayerNorm");
        }
        write(tensors, folder.resolve("model.safetensors"));
    }

    private static void norm(Map<String, int[]> tensors, String name) {
        tensors.put(name + ".weight", new int[] {WIDTH});
        tensors.put(name + ".bias", new int[] {WIDTH});
    }

    private static void product(Map<String, int[]> tensors, String name, int rows, int columns) {
        tensors.put(name + ".weight", new int[] {rows, columns});
        tensors.put(name + ".bias", new int[] {rows});
    }

    private static int elements(int[] shape) {
        return shape.length == 1 ? shape[0] : shape[0] * shape[1];
    }

    private static void write(Map<String, int[]> tensors, Path file) throws IOException {
        long[] at = {0};
        String header = tensors.entrySet().stream()
                .map(tensor -> {
                    int[] shape = tensor.getValue();
                    long from = at[0];
                    at[0] += (long) Float.BYTES * elements(shape);
                    String dims = shape.length == 1 ? "" + shape[0] : shape[0] + "," + shape[1];
                    return String.format(
                            "\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}",
                            tensor.getKey(), dims, from, at[0]);
                })
                .collect(Collectors.joining(",", "{", "}"));
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Random random = new Random(1);
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(buffer(Long.BYTES).putLong(json.length).array());
            out.write(json);
            for (Map.Entry<String, int[]> tensor : tensors.entrySet()) {
                boolean norm = tensor.getKey().endsWith("LayerNorm.weight");
                int n = elements(tensor.getValue());
                ByteBuffer bytes = buffer(n * Float.BYTES);
                for (int i = 0; i < n; i++) {
                    bytes.putFloat((float) ((norm ? 1 : 0) + DEVIATION * random.nextGaussian()));
                }
                out.write(bytes.array());
            }
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
