package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.Map;

/** What families with LayerNorm, most of them of GPT-2's kind, have in common at Hugging Face. */
final class LayerNorms {
    private LayerNorms() {}

    /** Of GPT-2's kind, whose feed-forward is four times as wide as the model unless config.json says otherwise. */
    static HuggingFaceClass kind(HuggingFaceClass made) {
        return made.epsilon("layer_norm_epsilon")
                .layerNorm()
                .activations("gelu_new", "gelu", "gelu_fast", "gelu_pytorch_tanh")
                .defaults(Map.of("expansion_ratio", 4L));
    }

    /** Query, key and value of each head together, the output, and a feed-forward of four times the width. */
    static ModuleNames queryKeyValue(String layers, String block) {
        return ModuleNames.of(
                layers,
                module(block + "query_key_value", DecoderModule.ATTN_QKV).ordered(RowOrder.GROUPS),
                module(block + "dense", DecoderModule.ATTN_OUTPUT),
                module("mlp.dense_h_to_4h", DecoderModule.FFN_UP),
                module("mlp.dense_4h_to_h", DecoderModule.FFN_DOWN));
    }

    /** The tensors of a layer of such modules, with biases and a norm before each half block. */
    static TensorRules queryKeyValue(TensorRules rules, String layer, String block) {
        return rules.layerNorm(layer + "input_layernorm", BLOCK + "attn_norm")
                .biased(
                        layer + block + "query_key_value",
                        BLOCK + "attn_qkv",
                        Size.QUERIES_KEYS_VALUES,
                        Size.WIDTH,
                        Layout.PLAIN)
                .change(to -> to.startsWith(BLOCK + "attn_qkv."), rule -> rule.ordered(RowOrder.GROUPS))
                .biased(layer + block + "dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.PLAIN)
                .layerNorm(layer + "post_attention_layernorm", BLOCK + "ffn_norm")
                .biased(layer + "mlp.dense_h_to_4h", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN)
                .biased(layer + "mlp.dense_4h_to_h", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN);
    }
}
