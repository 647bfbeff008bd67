package dev.chaku.internal.convert;

import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.PeftFamily;
import dev.chaku.internal.arch.DecoderModule;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Need;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The families whose folders can be converted, as data. */
final class HuggingFaceFamilies {
    static final String LAYER = "model.layers.{l}.";
    static final List<String> SILU = List.of("silu", "swish");
    private static final Set<DecoderModule> QKV =
            EnumSet.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V);
    private static final Map<String, Set<DecoderModule>> ALWAYS_BIASED = Map.of(
            "qwen2",
            QKV,
            "qwen2moe",
            QKV,
            "seed_oss",
            QKV,
            "gpt-oss",
            EnumSet.range(DecoderModule.ATTN_Q, DecoderModule.ATTN_OUTPUT));
    private static final List<HuggingFaceFamily> LLAMA_LIKE = List.of(
            rms(
                    List.of("LlamaForCausalLM", "MistralForCausalLM"),
                    "llama",
                    llamaLike("llama"),
                    HuggingFaceFamilies::llama),
            rms(List.of("Qwen2ForCausalLM"), "qwen2", llamaLike("qwen2"), HuggingFaceFamilies::fullAttention),
            rms(
                    List.of("Qwen3ForCausalLM"),
                    "qwen3",
                    headNorms(llamaLike("qwen3")),
                    HuggingFaceFamilies::fullAttention));

    private static final List<HuggingFaceFamily> ALL = Stream.of(
                    LLAMA_LIKE,
                    ExpertFamilies.ALL,
                    GemmaFamilies.ALL,
                    OtherFamilies.ALL,
                    LayerNormFamilies.ALL,
                    MixerFamilies.ALL)
            .flatMap(List::stream)
            .toList();

    private HuggingFaceFamilies() {}

    /** @throws BadInputException if no family has the class; the message lists those that are known */
    static HuggingFaceFamily of(ModelConfig config) {
        String name = config.architecture();
        return ALL.stream()
                .filter(family -> family.classes().contains(name))
                .findFirst()
                .orElseThrow(() -> config.error(
                        "architectures", "one of " + classes().stream().collect(Collectors.joining(", ")), name));
    }

    /** Names under {@code architectures} that are known. */
    static List<String> classes() {
        return ALL.stream().flatMap(family -> family.classes().stream()).toList();
    }

    static HuggingFaceFamily rms(
            List<String> classes,
            String architecture,
            List<TensorRule> tensors,
            BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        return new HuggingFaceFamily(classes, architecture, "rms_norm_eps", false, true, false, SILU, tensors, extra);
    }

    /** A product of the usual name and its bias, which may be absent but where the family always has it. */
    static List<TensorRule> product(String architecture, DecoderModule module, Size rows, Size columns) {
        PeftFamily.Module named = PeftFamily.of(architecture).find(module).orElseThrow();
        String from = LAYER + named.name();
        String to = "blk.{l}." + module.ggufName();
        Need bias = ALWAYS_BIASED.getOrDefault(architecture, Set.of()).contains(module) ? Need.REQUIRED : Need.OPTIONAL;
        return List.of(
                matrix(from + ".weight", to + ".weight", rows, columns).ordered(named.rows()),
                vector(from + ".bias", to + ".bias", rows).ordered(named.rows()).needed(bias));
    }

    static List<TensorRule> embedding() {
        return List.of(matrix("model.embed_tokens.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
    }

    /** Query, key, value and output. */
    static void products(List<TensorRule> rules, String architecture) {
        rules.addAll(product(architecture, DecoderModule.ATTN_Q, Size.QUERIES, Size.WIDTH));
        rules.addAll(product(architecture, DecoderModule.ATTN_K, Size.KEYS, Size.WIDTH));
        rules.addAll(product(architecture, DecoderModule.ATTN_V, Size.KEYS, Size.WIDTH));
        rules.addAll(product(architecture, DecoderModule.ATTN_OUTPUT, Size.WIDTH, Size.QUERIES));
    }

    /** A feed-forward with a gate. */
    static void gated(List<TensorRule> rules, String architecture) {
        rules.addAll(product(architecture, DecoderModule.FFN_GATE, Size.FF, Size.WIDTH));
        rules.addAll(product(architecture, DecoderModule.FFN_UP, Size.FF, Size.WIDTH));
        rules.addAll(product(architecture, DecoderModule.FFN_DOWN, Size.WIDTH, Size.FF));
    }

    static List<TensorRule> attention(String architecture) {
        List<TensorRule> rules = new ArrayList<>();
        rules.add(vector(LAYER + "input_layernorm.weight", "blk.{l}.attn_norm.weight", Size.WIDTH));
        products(rules, architecture);
        rules.add(vector(LAYER + "post_attention_layernorm.weight", "blk.{l}.ffn_norm.weight", Size.WIDTH));
        return rules;
    }

    static List<TensorRule> output() {
        return List.of(vector("model.norm.weight", "output_norm.weight", Size.WIDTH), head());
    }

    static TensorRule head() {
        return matrix("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH).needed(Need.UNLESS_TIED);
    }

    static List<TensorRule> llamaLike(String architecture) {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(attention(architecture));
        gated(rules, architecture);
        rules.addAll(output());
        return rules;
    }

    /** Rules whose tensor has another name in files: {@code from} and {@code to} are parts of the names in GGUF. */
    static List<TensorRule> renamed(List<TensorRule> rules, String from, String to) {
        return rules.stream()
                .map(rule -> rule.to().equals("blk.{l}." + from) ? rule.renamed("blk.{l}." + to) : rule)
                .toList();
    }

    static List<TensorRule> headNorms(List<TensorRule> rules) {
        List<TensorRule> all = new ArrayList<>(rules);
        for (String which : List.of("q", "k")) {
            all.add(vector(
                    LAYER + "self_attn." + which + "_norm.weight",
                    "blk.{l}.attn_" + which + "_norm.weight",
                    Size.HEAD));
        }
        return all;
    }

    static void llama(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("pretraining_tp", 1L);
        slidingWindow(config, keys);
    }

    /** Whether a window shorter than the context is understood, the reader of the file decides. */
    static void slidingWindow(ModelConfig config, Map<String, GgufValue> keys) {
        config.json()
                .findInt("sliding_window")
                .ifPresent(window -> keys.put("attention.sliding_window", GgufValue.ofUint32(window)));
    }

    static void fullAttention(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("use_sliding_window", false);
        for (Object kind : config.json().findList("layer_types").orElse(List.of())) {
            if (!"full_attention".equals(kind)) {
                throw config.error("layer_types", "full_attention alone", kind);
            }
        }
    }

    /** Refuses windows in other layers than those that the family takes for granted. */
    static void requireWindows(ModelConfig config, IntPredicate windowed) {
        List<@Nullable Object> kinds = config.json().findList("layer_types").orElse(List.of());
        for (int l = 0; l < kinds.size(); l++) {
            String expected = windowed.test(l) ? "sliding_attention" : "full_attention";
            if (!expected.equals(kinds.get(l))) {
                throw config.error("layer_types[" + l + "]", expected, kinds.get(l));
            }
        }
    }
}
