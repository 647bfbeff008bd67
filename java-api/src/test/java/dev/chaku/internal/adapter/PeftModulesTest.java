package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.SmallModels;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.convert.HuggingFaceExport;
import dev.chaku.internal.convert.HuggingFaceModel;
import dev.chaku.internal.convert.ModelOutline;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An adapter of every module of a family, as PEFT would train it: merged into Hugging Face's weights that are then
 * converted, it gives the same weights as imported for the converted base.
 */
class PeftModulesTest {
    private static final int RANK = 3;
    private static final float ALPHA = 6;

    /** What no low-rank addition is for: norms, convolutions, embeddings, routers. */
    private static final Pattern OTHER = Pattern.compile(
            ".*(norm|conv1d|conv\\.conv|embed|wte|wpe|word_embeddings|\\.gate\\.|shared_expert_gate|\\.experts\\.|in_proj_ba|router|lm_head).*");

    @TempDir
    Path folder;

    private final Random random = new Random(11);
    private final List<Safetensors.Source> weights = new ArrayList<>();
    private final List<Safetensors.Source> adapter = new ArrayList<>();
    private int modules;

    private float[] values(int n, double scale) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return values;
    }

    /**
     * Merges a new pair into a weight [N, K], or where it is stored turned [K, N]; PEFT's A is [R, K] in both cases.
     */
    private void adapt(String name, List<Long> shape, float[] weight, boolean turned) {
        int outputs = (int) (long) shape.get(turned ? 1 : 0);
        int inputs = (int) (long) shape.get(turned ? 0 : 1);
        float[] a = values(RANK * inputs, 1);
        float[] b = values(outputs * RANK, 0.3);
        for (int n = 0; n < outputs; n++) {
            for (int k = 0; k < inputs; k++) {
                double sum = 0;
                for (int r = 0; r < RANK; r++) {
                    sum += (double) b[n * RANK + r] * a[r * inputs + k];
                }
                weight[turned ? k * outputs + n : n * inputs + k] += (float) (ALPHA / RANK * sum);
            }
        }
        String module = "base_model.model." + name.replaceFirst("\\.weight$", "");
        adapter.add(new Safetensors.Source(
                module + ".lora_A.weight", List.of((long) RANK, (long) inputs), FloatBuffer.wrap(a)));
        adapter.add(new Safetensors.Source(
                module + ".lora_B.weight", List.of((long) outputs, (long) RANK), FloatBuffer.wrap(b)));
        modules++;
    }

    /** The folder with adapted weights, converted; the adapter stands beside it. */
    private GgufFile mergedAndConverted(Path golden, String className) throws IOException {
        Path hf = HuggingFaceExport.write(golden, className, folder.resolve("hf"));
        for (int shard = 1; shard <= 2; shard++) {
            Path path = hf.resolve("model-0000" + shard + "-of-00002.safetensors");
            Safetensors file = Safetensors.read(path);
            for (Safetensors.Tensor tensor : file.tensors().values()) {
                float[] values = file.floats(tensor.name());
                boolean vector = tensor.shape().size() != 2 || tensor.shape().get(0) == 1;
                if (!vector
                        && !OTHER.matcher(tensor.name()).matches()
                        && !tensor.name().startsWith("vision")) {
                    adapt(tensor.name(), tensor.shape(), values, className.startsWith("GPT2"));
                }
                weights.add(new Safetensors.Source(tensor.name(), tensor.shape(), FloatBuffer.wrap(values)));
            }
            Files.delete(path);
        }
        Files.delete(hf.resolve("model.safetensors.index.json"));
        Safetensors.write(hf.resolve("model.safetensors"), Map.of("format", "pt"), weights);
        Path peft = Files.createDirectory(folder.resolve("peft"));
        Safetensors.write(peft.resolve("adapter_model.safetensors"), Map.of("format", "pt"), adapter);
        Files.writeString(
                peft.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": " + RANK + ", \"lora_alpha\": " + ALPHA + ", \"fan_in_fan_out\": "
                        + className.startsWith("GPT2") + "}");
        Path out = folder.resolve("merged.gguf");
        HuggingFaceModel.read(hf)
                .outline()
                .write(new ModelOutline.Target(out, FormatMix.F32, true, 1), name -> {}, n -> {});
        return GgufFile.read(out);
    }

    /** All weights of a base with an adapter worn over it. */
    private static Map<String, double[]> worn(GgufFile base, DecoderSpec spec, AdapterWeights adapter) {
        Map<String, double[]> all = new LinkedHashMap<>();
        base.tensors().forEach(tensor -> {
            FloatBuffer values = base.readTensor(tensor).asFloatBuffer();
            all.put(
                    tensor.name(),
                    IntStream.range(0, values.limit()).mapToDouble(values::get).toArray());
        });
        for (LoraPair pair : FusedProducts.split(adapter.pairs(), spec)) {
            TensorSpec weight = spec.weight(pair.place()).orElseThrow();
            double[][] delta = Adapters.delta(adapter, pair);
            double[] values = all.get(weight.name());
            for (int n = 0; n < delta.length; n++) {
                for (int k = 0; k < delta[n].length; k++) {
                    values[((int) weight.first() + n) * pair.inputs() + k] += delta[n][k];
                }
            }
        }
        return all;
    }

    private static void assertClose(Map<String, double[]> expected, Map<String, double[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> {
            for (int i = 0; i < values.length; i++) {
                assertEquals(
                        values[i], found.get(name)[i], 1e-5 * Math.max(1, Math.abs(values[i])), name + "[" + i + "]");
            }
        });
    }

    /** The number of modules is that of the family's in its layers: none is passed over. */
    @ParameterizedTest
    @CsvSource({
        "llama, LlamaForCausalLM, 14",
        "phi3, Phi3ForCausalLM, 8",
        "glm4, Glm4ForCausalLM, 12",
        "gpt2, GPT2LMHeadModel, 8",
        "falcon, FalconForCausalLM, 8",
        "bloom, BloomForCausalLM, 8",
        "gptneox, GPTNeoXForCausalLM, 8",
        "mpt, MPTForCausalLM, 8",
        "phi2, PhiForCausalLM, 12",
        "starcoder2, Starcoder2ForCausalLM, 12",
        "cohere2, Cohere2ForCausalLM, 28",
        "mistral3, Mistral3ForConditionalGeneration, 14",
        "lfm2, Lfm2ForCausalLM, 22",
        "qwen3next, Qwen3NextForCausalLM, 12",
        "qwen35, Qwen3_5ForConditionalGeneration, 23",
        "granitemoe, GraniteMoeSharedForCausalLM, 12",
        "lfm2moe, Lfm2MoeForCausalLM, 11",
        "qwen35moe, Qwen3_5MoeForConditionalGeneration, 15"
    })
    void mergedAndConvertedIsConvertedAndWorn(String name, String className, int expected) throws IOException {
        Path golden = SmallModels.require(name);
        GgufFile base = GgufFile.read(golden);
        GgufFile merged = mergedAndConverted(golden, className);
        assertEquals(expected, modules);
        DecoderSpec spec = ModelFamilies.map(base);
        AdapterWeights imported = PeftAdapters.read(folder.resolve("peft"), spec);
        Map<String, double[]> worn = worn(base, spec, imported);
        DecoderSpec own = ModelFamilies.map(merged);
        AdapterWeights none = new AdapterWeights("none", spec.architecture(), 1, List.of(), imported.metadata());
        assertClose(together(worn(merged, own, none), own), together(worn, spec));

        PeftAdapters.write(folder.resolve("again"), imported, spec);
        assertClose(worn, worn(base, spec, PeftAdapters.read(folder.resolve("again"), spec)));
        if (!className.endsWith("ForConditionalGeneration")) {
            Safetensors again = Safetensors.read(folder.resolve("again/adapter_model.safetensors"));
            // GPT-2's own folder is that of the bare model.
            List<String> names = adapter.stream()
                    .map(source -> source.name().replace("model.h.", "model.transformer.h."))
                    .sorted()
                    .toList();
            assertEquals(names, again.tensors().keySet().stream().sorted().toList());
        }
    }

    /** By place rather than by tensor: files may hold query, key and value apart or in one. */
    private static Map<String, double[]> together(Map<String, double[]> tensors, DecoderSpec spec) {
        Map<String, double[]> places = new LinkedHashMap<>();
        for (TensorSpec tensor : spec.tensors()) {
            if (tensor.turns() == 0 && tensor.kind() == TensorSpec.Kind.WEIGHT && tensor.rows() > 1) {
                double[] all = tensors.get(tensor.name());
                int from = (int) (tensor.first() * tensor.columns());
                places.put(tensor.place().name(), Arrays.copyOfRange(all, from, from + (int) tensor.elements()));
            }
        }
        return new TreeMap<>(places);
    }

    /** GGUF files of a fused base hold one pair for query, key and value; Hugging Face's Phi-2 has three modules. */
    @Test
    void aPairOfOneTensorBecomesThreeModules() {
        DecoderSpec spec = ModelFamilies.map(GgufFile.read(ReferenceData.require("parity/tiny/phi2.gguf")));
        LoraPair whole =
                new LoraPair(DecoderModule.ATTN_QKV.at(1), RANK, 64, 192, values(RANK * 64, 1), values(192 * RANK, 1));
        AdapterWeights one =
                new AdapterWeights("test", "phi2", ALPHA, List.of(whole), new GgufMetadata("test", Map.of()));
        PeftAdapters.write(folder.resolve("three"), one, spec);
        AdapterWeights read = PeftAdapters.read(folder.resolve("three"), spec);
        assertEquals(
                List.of("blk.1.attn_k", "blk.1.attn_q", "blk.1.attn_v"),
                read.pairs().stream().map(p -> p.place().name()).sorted().toList());
        double[][] expected = Adapters.delta(one, whole);
        LoraPair keys = read.pairs().stream()
                .filter(p -> p.place().module() == DecoderModule.ATTN_K)
                .findFirst()
                .orElseThrow();
        double[][] found = Adapters.delta(read, keys);
        for (int n = 0; n < 64; n++) {
            for (int k = 0; k < 64; k++) {
                assertEquals(expected[64 + n][k], found[n][k], 1e-5);
            }
        }
    }

    @Test
    void modulesThatSaveTheirNamesForSeveralAreListedWithTheirBlock() throws IOException {
        DecoderSpec spec = ModelFamilies.map(GgufFile.read(ReferenceData.require("parity/tiny/gpt2.gguf")));
        List<LoraPair> pairs = IntStream.range(0, 2)
                .mapToObj(l -> new LoraPair(DecoderModule.ATTN_OUTPUT.at(l), 1, 64, 64, values(64, 1), values(64, 1)))
                .toList();
        AdapterWeights adapter = new AdapterWeights("test", "gpt2", ALPHA, pairs, new GgufMetadata("test", Map.of()));
        PeftAdapters.write(folder.resolve("out"), adapter, spec);
        String config =
                Files.readString(folder.resolve("out/adapter_config.json")).replaceAll("\\s+", "");
        assertTrue(config.contains("\"target_modules\":[\"attn.c_proj\"]"), config);
        assertTrue(config.contains("\"fan_in_fan_out\":true"), config);
    }

    /** Rows that are taken apart are counted first; names of another family are no names of this one. */
    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        DecoderSpec spec = ModelFamilies.map(GgufFile.read(ReferenceData.require("parity/tiny/gptneox.gguf")));
        Path peft = Files.createDirectory(folder.resolve("peft"));
        Files.writeString(
                peft.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 1}");
        Map.of(
                        "gpt_neox.layers.0.attention.query_key_value",
                                "query_key_value of layer 0 expects 64 inputs and 192 outputs, found 64 and 100",
                        "transformer.h.0.attn.c_attn",
                                "it adapts attention.query_key_value, attention.dense, mlp.dense_h_to_4h, mlp.dense_4h_to_h, embed_out",
                        "gpt_neox.layers.9.attention.query_key_value", "has no counterpart in a model of 2 layers")
                .forEach((module, expected) -> {
                    Path file = peft.resolve("adapter_model.safetensors");
                    Safetensors.write(
                            file,
                            Map.of(),
                            List.of(
                                    new Safetensors.Source(
                                            "base_model.model." + module + ".lora_A.weight",
                                            List.of(1L, 64L),
                                            FloatBuffer.wrap(new float[64])),
                                    new Safetensors.Source(
                                            "base_model.model." + module + ".lora_B.weight",
                                            List.of(100L, 1L),
                                            FloatBuffer.wrap(new float[100]))));
                    String message = assertThrows(BadInputException.class, () -> PeftAdapters.read(peft, spec))
                            .getMessage();
                    assertTrue(message.contains(expected), message);
                    assertTrue(file.toFile().delete());
                });
    }
}
