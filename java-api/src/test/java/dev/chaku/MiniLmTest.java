package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real model: all-MiniLM-L6-v2, whose weights LangChain4j carries as ONNX, converted, and its vectors beside those of
 * that library (ONNX Runtime, the tokenizer of Hugging Face). The 83 MB come with the Maven profile {@code minilm} and
 * nothing else; without it the test is skipped, visibly.
 */
class MiniLmTest {
    private static final String THEIRS =
            "dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel";
    private static final List<List<String>> PARTS = List.of(
            List.of(
                    "The cow lives on Mars",
                    "Prices rose by 3.5% in May",
                    "He didn't say what he'd do",
                    "A naïve façade"),
            List.of(
                    "Die Kuh frißt Gräser",
                    "Über den Wolken fliegen Flugzeuge",
                    "Öl wird teurer",
                    "Wer zahlt die Zeche"),
            List.of("L'été dernier, nous étions à la plage", "Où êtes-vous allés", "Le garçon mange", "Ça coûte cher"),
            List.of("Корова живёт на Марсе", "Цены выросли", "Кто там ходит ночью", "Ёжик в тумане"),
            List.of("牛住在火星上", "价格上涨了百分之三", "소가 화성에 산다", "값이 올랐습니다"));
    private static final List<String> ENDS = List.of(
            ".",
            "!",
            " (2024).",
            ", and so on; see page 12.",
            "?",
            " — ok...",
            " e-mail: a@b.de",
            " 1,000 €",
            " x".repeat(60),
            "");

    @TempDir
    Path folder;

    /** 200 texts: four sentences of five languages with ten endings each. */
    static List<String> texts() {
        List<String> texts = new ArrayList<>();
        PARTS.forEach(language -> language.forEach(sentence -> ENDS.forEach(end -> texts.add(sentence + end))));
        return texts;
    }

    /** The folder that Hugging Face would have. */
    static Path write(Path folder) throws Exception {
        Class<?> theirs = Class.forName(THEIRS);
        try (InputStream onnx = theirs.getResourceAsStream("/all-minilm-l6-v2.onnx");
                InputStream tokenizer = theirs.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json")) {
            OnnxWeights.write(OnnxWeights.read(onnx.readAllBytes()), folder.resolve("model.safetensors"));
            Files.write(folder.resolve("tokenizer.json"), tokenizer.readAllBytes());
        }
        Files.writeString(folder.resolve("config.json"), """
                {"architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": 384, "intermediate_size": 1536,
                 "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 12,
                 "num_hidden_layers": 6, "type_vocab_size": 2, "vocab_size": 30522}
                """);
        Files.writeString(folder.resolve("modules.json"), """
                [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), """
                {"word_embedding_dimension": 384, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
                 "pooling_mode_max_tokens": false}
                """);
        return folder;
    }

    @Test
    void givesTheVectorsOfOnnxRuntime() throws Exception {
        assumeTrue(isThere(), "run with -Pminilm");
        Path gguf = folder.resolve("minilm.gguf");
        ModelConverter.of(write(Files.createDirectory(folder.resolve("hf")))).write(gguf);
        List<String> texts = texts();
        assertEquals(200, texts.size());
        Object theirs = Class.forName(THEIRS).getConstructor().newInstance();
        for (Device device : List.of(Float32Device.get(), Device.AUTO)) {
            try (Model model = Model.open(gguf, ModelOptions.defaults().withDevice(device));
                    Embedder embedder = model.embedder()) {
                assertEquals(384, embedder.dimensions());
                List<float[]> ours = embedder.embedAll(texts, TextUse.DOCUMENT);
                double least = 1;
                for (int i = 0; i < texts.size(); i++) {
                    double cosine = cosine(ours.get(i), theirs(theirs, texts.get(i)));
                    assertTrue(cosine >= 0.9999, device + ", cosine " + cosine + ": " + texts.get(i));
                    least = Math.min(least, cosine);
                }
                System.out.println("MiniLM beside ONNX Runtime on " + device + ": least cosine " + least);
            }
        }
    }

    static boolean isThere() {
        try {
            Class.forName(THEIRS);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static float[] theirs(Object model, String text) throws ReflectiveOperationException {
        Object response = model.getClass().getMethod("embed", String.class).invoke(model, text);
        Object embedding = response.getClass().getMethod("content").invoke(response);
        return (float[]) embedding.getClass().getMethod("vector").invoke(embedding);
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
