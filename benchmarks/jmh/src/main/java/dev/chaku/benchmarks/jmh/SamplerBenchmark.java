package dev.chaku.benchmarks.jmh;

import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.RandomModel;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One generated token with a vocabulary of 128256, of a model so narrow that choosing the token is most of the work.
 * What an option costs is the difference from greedy.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SamplerBenchmark {
    private static final int VOCABULARY = 128_256;
    private static final int TOKENS = 64;
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;
    private static final String CONFIG = """
            {
              "architectures": ["LlamaForCausalLM"],
              "num_hidden_layers": 1,
              "hidden_size": 8,
              "num_attention_heads": 1,
              "intermediate_size": 32,
              "vocab_size": %d,
              "max_position_embeddings": 128,
              "rms_norm_eps": 1e-5,
              "hidden_act": "silu",
              "tie_word_embeddings": true
            }
            """;

    /** Too long to end within the tokens of a measurement. */
    private static final String SCHEMA = """
            {"type": "array", "minItems": 500, "items": {
              "type": "object",
              "properties": {
                "id": {"type": "integer", "minimum": 0},
                "name": {"type": "string", "maxLength": 40},
                "kind": {"enum": ["new", "used", "broken"]},
                "price": {"type": ["number", "null"]}
              },
              "required": ["id", "kind"],
              "additionalProperties": false
            }}
            """;

    @Param({"greedy", "default", "json", "penalties", "temperature"})
    public String options;

    private Model model;
    private Generator generator;

    /** Makes the model in a temporary folder; an open model needs no name. */
    @Setup
    public void prepare() throws IOException {
        Path folder = Files.createTempDirectory("chaku-sampler");
        Path vocabulary = folder.resolve("vocabulary.gguf");
        Path config = folder.resolve("config.json");
        Path file = folder.resolve("model.gguf");
        writeVocabulary(vocabulary);
        Files.writeString(config, CONFIG.formatted(VOCABULARY));
        RandomModel.of(config).tokenizer(vocabulary).seed(4).write(file);
        model = Model.open(file, ModelOptions.defaults().withThreads(1));
        for (Path made : List.of(vocabulary, config, file, folder)) {
            Files.delete(made);
        }
        generator = model.generator()
                .tokens(10, 11, 12)
                .endless(true)
                .maxTokens(TOKENS)
                .seed(5)
                .sampling(chosen());
        if (options.equals("json")) {
            generator.form(OutputForm.jsonSchema(SCHEMA));
        }
    }

    private SamplingOptions chosen() {
        return switch (options) {
            case "greedy" -> SamplingOptions.greedy();
            case "default", "json" -> SamplingOptions.defaults();
            case "penalties" ->
                SamplingOptions.defaults().withPenalties(new SamplingOptions.Repetition(64, 1.1f, 0, 0));
            // All tokens stay: the dearest case.
            case "temperature" ->
                SamplingOptions.defaults().withTopK(0).withTopP(1).withMinP(0);
            default -> throw new IllegalArgumentException(options);
        };
    }

    private static void writeVocabulary(Path file) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("<0x%02X>", b));
        }
        int[] types = new int[VOCABULARY];
        Arrays.fill(types, NORMAL);
        Arrays.fill(types, 0, 3, CONTROL);
        Arrays.fill(types, 3, tokens.size(), BYTE);
        while (tokens.size() < VOCABULARY) {
            tokens.add("w" + tokens.size());
        }
        GgufWriter.to(file)
                .put("tokenizer.ggml.model", "llama")
                .put("tokenizer.ggml.tokens", GgufValue.of(tokens))
                .put("tokenizer.ggml.scores", GgufValue.of(new float[VOCABULARY]))
                .put("tokenizer.ggml.token_type", GgufValue.of(types))
                .put("tokenizer.ggml.bos_token_id", 1)
                .put("tokenizer.ggml.eos_token_id", 2)
                .write();
    }

    /** Generates. */
    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public Generation token() {
        return generator.generate();
    }

    /** Closes the model. */
    @TearDown
    public void end() {
        model.close();
    }
}
