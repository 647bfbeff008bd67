package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.model.TextEncoder;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * XLM-RoBERTa is BERT with another tokenizer and two more rows before its positions: with the same numbers both give
 * the same.
 */
class XlmRobertaTest {
    private static final int WIDTH = 16;
    private static final int FF = 24;
    private static final int POSITIONS = 30;
    private static final int VOCAB = 9;

    @TempDir
    Path folder;

    private final Random random = new Random(8);
    private final List<Safetensors.Source> bert = new ArrayList<>();
    private final List<Safetensors.Source> roberta = new ArrayList<>();

    private void both(String theirs, String others, long... shape) {
        float[] values = values(shape);
        bert.add(source(theirs, values, shape));
        roberta.add(source(others, values, shape));
    }

    private void both(String name, long... shape) {
        both("bert." + name, "roberta." + name, shape);
    }

    private float[] values(long... shape) {
        float[] values = new float[(int) (shape.length == 1 ? shape[0] : shape[0] * shape[1])];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * 0.3f;
        }
        return values;
    }

    private static Safetensors.Source source(String name, float[] values, long... shape) {
        List<Long> sizes = new ArrayList<>();
        for (long size : shape) {
            sizes.add(size);
        }
        return new Safetensors.Source(name, sizes, FloatBuffer.wrap(values));
    }

    private void tensors() {
        both("embeddings.word_embeddings.weight", VOCAB, WIDTH);
        both("embeddings.token_type_embeddings.weight", 1, WIDTH);
        both("embeddings.LayerNorm.weight", WIDTH);
        both("embeddings.LayerNorm.bias", WIDTH);
        float[] rows = values(POSITIONS + 2, WIDTH);
        roberta.add(source("roberta.embeddings.position_embeddings.weight", rows, POSITIONS + 2, WIDTH));
        float[] used = Arrays.copyOfRange(rows, 2 * WIDTH, rows.length);
        bert.add(source("bert.embeddings.position_embeddings.weight", used, POSITIONS, WIDTH));
        String layer = "encoder.layer.0.";
        for (String name : List.of("query", "key", "value")) {
            both(layer + "attention.self." + name + ".weight", WIDTH, WIDTH);
            both(layer + "attention.self." + name + ".bias", WIDTH);
        }
        for (String name : List.of("attention.output.dense", "attention.output.LayerNorm", "output.LayerNorm")) {
            if (name.endsWith("dense")) {
                both(layer + name + ".weight", WIDTH, WIDTH);
            } else {
                both(layer + name + ".weight", WIDTH);
            }
            both(layer + name + ".bias", WIDTH);
        }
        both(layer + "intermediate.dense.weight", FF, WIDTH);
        both(layer + "intermediate.dense.bias", FF);
        both(layer + "output.dense.weight", WIDTH, FF);
        both(layer + "output.dense.bias", WIDTH);
        both("bert.pooler.dense.weight", "classifier.dense.weight", WIDTH, WIDTH);
        both("bert.pooler.dense.bias", "classifier.dense.bias", WIDTH);
        both("classifier.weight", "classifier.out_proj.weight", 1, WIDTH);
        both("classifier.bias", "classifier.out_proj.bias", 1);
    }

    private Path convert(String kind, List<Safetensors.Source> sources, int positions, int padding) throws IOException {
        Path from = Files.createDirectories(folder.resolve(kind + padding));
        Safetensors.write(from.resolve("model.safetensors"), Map.of("format", "pt"), sources);
        Files.writeString(from.resolve("config.json"), """
                {"architectures": ["%s"], "hidden_act": "gelu", "hidden_size": %d, "intermediate_size": %d,
                 "layer_norm_eps": 1e-5, "max_position_embeddings": %d, "num_attention_heads": 2, "pad_token_id": %d,
                 "num_hidden_layers": 1, "type_vocab_size": 1, "vocab_size": %d, "id2label": {"0": "LABEL_0"}}
                """.formatted(kind, WIDTH, FF, positions, padding, VOCAB));
        Files.writeString(from.resolve("tokenizer.json"), """
                {"added_tokens": [{"id": 0, "content": "<s>", "special": true}, {"id": 1, "content": "<pad>", "special": true},
                  {"id": 2, "content": "</s>", "special": true}, {"id": 3, "content": "<unk>", "special": true}],
                 "normalizer": null, "pre_tokenizer": {"type": "Metaspace", "replacement": "\\u2581", "prepend_scheme": "always"},
                 "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]},
                 "model": {"type": "Unigram", "unk_id": 3, "vocab": [["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0],
                  ["\\u2581", -2], ["\\u2581a", -2.5], ["b", -3], ["c", -3], ["bc", -4]]}}
                """);
        Path to = folder.resolve(kind + padding + ".gguf");
        ModelConverter.of(from).write(to);
        return to;
    }

    @Test
    void givesWhatBertGives() throws IOException {
        tensors();
        Path one = convert("BertForSequenceClassification", bert, POSITIONS, 1);
        Path other = convert("XLMRobertaForSequenceClassification", roberta, POSITIONS + 2, 1);
        List<String> documents = List.of("a bc", "bc a a c", "a a a a");
        try (Model theirs = Model.open(one, Float32Device.options());
                Model ours = Model.open(other, Float32Device.options());
                Reranker first = theirs.reranker();
                Reranker second = ours.reranker()) {
            assertEquals(POSITIONS, ours.contextLength());
            int[] tokens = ours.tokenizer().encode("a bc", true, false);
            assertArrayEquals(new int[] {0, 5, 4, 8, 2}, tokens);
            float[][] expected = new TextEncoder(theirs.loaded(), 0).states(tokens);
            float[][] states = new TextEncoder(ours.loaded(), 0).states(tokens);
            for (int i = 0; i < tokens.length; i++) {
                assertArrayEquals(expected[i], states[i]);
            }
            double[] scores = second.scores("a", documents);
            assertArrayEquals(first.scores("a", documents), scores);
            assertTrue(scores[0] > 0 && scores[0] < 1);
            assertFalse(scores[0] == scores[1]);
        }
    }

    @Test
    void anotherPaddingIsRefused() {
        tensors();
        BadInputException e = assertThrows(
                BadInputException.class,
                () -> convert("XLMRobertaForSequenceClassification", roberta, POSITIONS + 2, 0));
        assertTrue(e.getMessage().contains("pad_token_id expects 1"), e.getMessage());
    }
}
