package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.Float32Device;
import dev.chaku.Model;
import dev.chaku.SmallModels;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a config.json describes can be made anew, opened and run. */
class RandomOutlineTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "llama, LlamaForCausalLM",
        "qwen2, Qwen2ForCausalLM",
        "qwen3, Qwen3ForCausalLM",
        "mixtral, MixtralForCausalLM",
        "qwen2moe, Qwen2MoeForCausalLM",
        "qwen3moe, Qwen3MoeForCausalLM",
        "gemma, GemmaForCausalLM",
        "gemma2, Gemma2ForCausalLM",
        "gemma3, Gemma3ForCausalLM",
        "granite, GraniteForCausalLM",
        "smollm3, SmolLM3ForCausalLM",
        "olmo2, Olmo2ForCausalLM",
        "phi3, Phi3ForCausalLM",
        "stablelm, StableLmForCausalLM",
        "stablelm-parallel, StableLmForCausalLM",
        "starcoder2, Starcoder2ForCausalLM",
        "gpt2, GPT2LMHeadModel",
        "falcon, FalconForCausalLM",
        "gpt-oss, GptOssForCausalLM",
        "mistral3, Ministral3ForCausalLM",
        "lfm2, Lfm2ForCausalLM",
        "qwen35, Qwen3_5ForCausalLM",
        "qwen3next, Qwen3NextForCausalLM",
        "granitemoe, GraniteMoeSharedForCausalLM",
        "lfm2moe, Lfm2MoeForCausalLM",
        "qwen35moe, Qwen3_5MoeForCausalLM",
        "gemma4, Gemma4ForCausalLM",
        "deepseek2, DeepseekV3ForCausalLM",
        "exaone4, Exaone4ForCausalLM",
        "command-r, CohereForCausalLM",
        "cohere2, Cohere2ForCausalLM",
        "glm4, Glm4ForCausalLM",
        "hunyuan-dense, HunYuanDenseV1ForCausalLM",
        "seed-oss, SeedOssForCausalLM",
        "phi2, PhiForCausalLM",
        "gptneox, GPTNeoXForCausalLM",
        "mpt, MPTForCausalLM",
        "bloom, BloomForCausalLM"
    })
    void everyFamilyCanBeMadeAnew(String name, String className) throws IOException {
        GgufFile golden = GgufFile.read(SmallModels.require(name));
        Path config = folder.resolve("config.json");
        HuggingFaceExport.json(config, new HuggingFaceConfig(golden, className).write());
        Path out = folder.resolve("random.gguf");
        RandomOutline.of(config, RandomOutline.byteTokenizer(), 7)
                .write(new ModelOutline.Target(out, FormatMix.F32, true, 1), tensor -> {}, n -> {});
        assertEquals(sizes(ModelFamilies.map(golden)), sizes(ModelFamilies.map(GgufFile.read(out))));
        try (Model model = Model.open(out, Float32Device.options())) {
            for (float logit : model.logits(new int[] {5, 9, 200, 17})[3]) {
                assertTrue(Float.isFinite(logit));
            }
        }
    }

    /** Layers but for what multiplies the stream behind them, which is a weight. */
    private static List<LayerOptions> sizes(DecoderSpec spec) {
        return spec.layers().stream()
                .map(layer -> layer.withSource(layer.keySource(), 1))
                .toList();
    }
}
