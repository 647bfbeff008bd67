package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What config.json becomes; the goldens' tensors are in {@code ModelConverterTest}. */
class HuggingFaceModelTest {
    private static final String SIZES =
            "'hidden_size': 64, 'intermediate_size': 96, 'num_hidden_layers': 4, 'num_attention_heads': 4, 'num_key_value_heads': 2, "
                    + "'vocab_size': 32, 'rms_norm_eps': 1e-5, 'layer_norm_eps': 1e-5, 'max_position_embeddings': 128, ";

    @TempDir
    Path folder;

    private ModelOutline outline(String className, String settings) throws IOException {
        String json = "{'architectures': ['" + className + "'], " + SIZES + settings + "}";
        Path file = Files.writeString(folder.resolve("config.json"), json.replace('\'', '"'));
        return HuggingFaceModel.outline(file, 32, (name, dims) -> (row, target, scratch) -> {});
    }

    private GgufMetadata keys(String className, String settings) throws IOException {
        return new GgufMetadata("keys", outline(className, settings).metadata());
    }

    private String refusal(String className, String settings) {
        return assertThrows(BadInputException.class, () -> outline(className, settings))
                .getMessage();
    }

    @Test
    void anAlphaOfTheStretchingIsAnotherBase() throws IOException {
        String settings =
                "'head_dim': 128, 'rope_theta': 10000.0, 'rope_scaling': {'type': 'dynamic', 'alpha': 1000.0, 'factor': 1.0}";
        GgufMetadata keys = keys("HunYuanDenseV1ForCausalLM", settings);
        assertEquals(10000 * Math.pow(1000, 128 / 126.0), keys.requireDouble("hunyuan-dense.rope.freq_base"), 1);
        assertEquals(false, keys.has("hunyuan-dense.rope.scaling.type"));
        assertTrue(refusal("LlamaForCausalLM", settings).contains("alpha expects none"));
    }

    /** 2/3 of 96, times 1.5, in blocks of 40; the class adjusts unless the file says that it does not. */
    @Test
    void widthsOfLfm2AreAdjusted() throws IOException {
        String settings =
                "'conv_L_cache': 3, 'norm_eps': 1e-5, 'full_attn_idxs': [1, 3], 'block_ffn_dim_multiplier': 1.5, 'block_multiple_of': 40";
        GgufMetadata keys = keys("Lfm2ForCausalLM", settings);
        assertEquals(120, keys.requireInt("lfm2.feed_forward_length"));
        int[] heads = keys.requireNumbers("lfm2.attention.head_count_kv").toInts();
        assertEquals("[0, 2, 0, 2]", Arrays.toString(heads));
        assertEquals(
                96,
                keys("Lfm2ForCausalLM", settings + ", 'block_auto_adjust_ff_dim': false")
                        .requireInt("lfm2.feed_forward_length"));
    }

    /** The largest Gemma 2 divides scores by the root of its width per head, the others by that of a head's width. */
    @Test
    void scalesOfGemmaAreThoseOfTheirSize() throws IOException {
        String caps =
                "'attn_logit_softcapping': 50.0, 'final_logit_softcapping': 30.0, 'head_dim': 24, 'sliding_window': 64, ";
        outline("Gemma2ForCausalLM", caps + "'query_pre_attn_scalar': 24");
        String large = caps + "'num_hidden_layers': 46, 'query_pre_attn_scalar': ";
        outline("Gemma2ForCausalLM", large + "16");
        assertTrue(refusal("Gemma2ForCausalLM", large + "24").contains("query_pre_attn_scalar expects 16"));
        assertTrue(refusal("Gemma2ForCausalLM", caps + "'query_pre_attn_scalar': 16")
                .contains("query_pre_attn_scalar expects 24"));
    }

    /** Models that also see leave out what is as in their class. */
    @Test
    void whatGemmaLeavesOutIsThatOfItsClass() throws IOException {
        Path file = Files.writeString(
                folder.resolve("config.json"),
                ("{'architectures': ['Gemma3ForConditionalGeneration'], 'text_config': {'hidden_size': 2560, 'intermediate_size': 10240, "
                                + "'num_hidden_layers': 34, 'rope_scaling': {'factor': 8.0, 'rope_type': 'linear'}, 'sliding_window': 1024}}")
                        .replace('\'', '"'));
        GgufMetadata keys = new GgufMetadata(
                "keys",
                HuggingFaceModel.outline(file, 262208, (name, dims) -> (row, target, scratch) -> {})
                        .metadata());
        assertEquals(8, keys.requireInt("gemma3.attention.head_count"));
        assertEquals(256, keys.requireInt("gemma3.attention.key_length"));
        assertEquals(1e6, keys.requireDouble("gemma3.rope.freq_base"));
        assertEquals(1024, keys.requireInt("gemma3.attention.sliding_window"));
    }

    /** Mistral Small 3.1 and older know nothing of yarn. */
    @Test
    void mistralsWithoutYarnHaveNoKeysOfIt() throws IOException {
        GgufMetadata keys = keys("Mistral3ForConditionalGeneration", "'rope_theta': 1e9, 'sliding_window': null");
        assertEquals(1e9, keys.requireDouble("mistral3.rope.freq_base"));
        assertEquals(false, keys.has("mistral3.attention.temperature_scale"));
        assertEquals(false, keys.has("mistral3.rope.scaling.type"));
    }

    /** What is saved for vectors has no output projection, whatever is said of ties. */
    @Test
    void bareModelsHaveNoOutputProjection() throws IOException {
        for (String name : List.of("MistralModel", "Qwen2Model", "Qwen3Model")) {
            String whole = name.replace("Model", "ForCausalLM");
            assertTrue(tensors(whole).contains("output.weight"), whole);
            List<String> expected = new ArrayList<>(tensors(whole));
            expected.remove("output.weight");
            assertEquals(expected, tensors(name));
        }
    }

    private List<String> tensors(String className) throws IOException {
        return outline(className, "'rope_theta': 1e6, 'tie_word_embeddings': false").tensors().stream()
                .map(ModelOutline.Tensor::name)
                .toList();
    }

    /** The two factors of yarn become the one that files have on top of its own. */
    @Test
    void factorsOfYarnBecomeOne() throws IOException {
        String yarn = "'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0, 'original_max_position_embeddings': 32, ";
        GgufMetadata keys = keys("LlamaForCausalLM", yarn + "'mscale': 0.5, 'mscale_all_dim': 0.25}");
        double log = Math.log(4);
        double expected = (1 + 0.05 * log) / (1 + 0.025 * log) / (1 + 0.1 * log);
        assertEquals(expected, keys.requireDouble("llama.rope.scaling.attn_factor"), 1e-7);
        assertEquals(false, keys("LlamaForCausalLM", yarn + "'beta_fast': 32}").has("llama.rope.scaling.attn_factor"));
        assertTrue(refusal("LlamaForCausalLM", yarn + "'truncate': false}").contains("truncate expects true"));
        assertTrue(refusal("LlamaForCausalLM", yarn + "'llama_4_scaling_beta': 0.1}")
                .contains("llama_4_scaling_beta expects none"));
    }

    @Test
    void commandsHaveTheContextThatTheyAreToldOf() throws IOException {
        String cohere = "'logit_scale': 0.0625, 'model_max_length': 131072, 'use_qk_norm': true";
        assertEquals(131072, keys("CohereForCausalLM", cohere).requireInt("command-r.context_length"));
        assertTrue(outline("CohereForCausalLM", cohere).tensors().stream()
                .anyMatch(t -> t.name().equals("blk.3.attn_q_norm.weight")));
    }

    /** OLMo 3 lists the layers with windows. */
    @Test
    void windowsOfOlmoAreListed() throws IOException {
        String kinds =
                "'layer_types': ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention']";
        GgufMetadata keys = keys("Olmo3ForCausalLM", "'sliding_window': 64, " + kinds);
        assertEquals(64, keys.requireInt("olmo2.attention.sliding_window"));
        assertEquals(
                GgufValue.of(new boolean[] {true, true, true, false}),
                keys.asMap().get("olmo2.attention.sliding_window_pattern"));
        assertTrue(refusal("Olmo3ForCausalLM", "'sliding_window': 64, " + kinds.replace("full", "sliding"))
                .contains("layer_types[3]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GptOssForCausalLM | 'swiglu_limit': 5.0, 'num_local_experts': 4, 'num_experts_per_tok': 2 | swiglu_limit expects 7",
                "GptOssForCausalLM | 'layer_types': ['full_attention', 'x', 'x', 'x'], 'num_local_experts': 4 | layer_types[0] expects sliding_attention",
                "Mistral3ForConditionalGeneration | 'sliding_window': 64 | sliding_window expects nothing",
                "Exaone4ForCausalLM | 'sliding_window_pattern': 'LG', 'sliding_window': 64 | sliding_window_pattern expects LLLG",
                "Cohere2ForCausalLM | 'logit_scale': 1.0, 'sliding_window_pattern': 2 | sliding_window_pattern expects 4",
                "HunYuanDenseV1ForCausalLM | 'use_cla': true | use_cla expects false",
                "BloomForCausalLM | 'layer_norm_epsilon': 1e-5, 'apply_residual_connection_post_layernorm': true | apply_residual",
                "PhiForCausalLM | 'qk_layernorm': true | qk_layernorm expects false",
                "MPTForCausalLM | 'attn_config': {'alibi': false} | attn_config.alibi expects true",
                "MPTForCausalLM | 'attn_config': {'alibi': true, 'clip_qkv': 6.0} | attn_config.clip_qkv expects nothing",
                "MPTForCausalLM | 'attn_config': {'alibi': true, 'qk_ln': true} | attn_config.qk_ln expects false",
                "FalconForCausalLM | 'layer_norm_epsilon': 1e-5, 'alibi': true | alibi expects false",
                "FalconForCausalLM | 'layer_norm_epsilon': 1e-5, 'multi_query': false | multi_query expects true",
                "Qwen3NextForCausalLM | 'linear_num_value_heads': 3, 'linear_num_key_heads': 2, 'num_experts': 4, 'num_experts_per_tok': 2, 'moe_intermediate_size': 32, 'shared_expert_intermediate_size': 32 | linear_num_value_heads expects a multiple of 2",
                "Qwen3_5ForCausalLM | 'linear_num_value_heads': 4, 'linear_num_key_heads': 2, 'layer_types': ['full_attention', 'linear_attention', 'linear_attention', 'full_attention'] | layer_types expects full_attention in each 4th layer",
                "Lfm2ForCausalLM | 'norm_eps': 1e-5, 'conv_L_cache': 3, 'conv_bias': true, 'full_attn_idxs': [0] | conv_bias expects false"
            })
    void whatIsNotUnderstoodIsRefused(String className, String settings, String expected) {
        String message = refusal(className, settings);
        assertTrue(message.contains(expected), message);
    }
}
