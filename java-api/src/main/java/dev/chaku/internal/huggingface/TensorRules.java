package dev.chaku.internal.huggingface;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Need;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The rules of a family, added one after the other in the order of the file. Names are those of llama but for products,
 * which the family's {@link ModuleNames} name. Not thread-safe.
 */
public final class TensorRules {
    /** What stands before names in a layer there. */
    public static final String LAYER = "model.layers.{l}.";
    /** What stands before them in the file. */
    public static final String BLOCK = "blk.{l}.";

    private final ModuleNames names;
    private final Set<DecoderModule> biased = EnumSet.noneOf(DecoderModule.class);
    private final List<TensorRule> rules = new ArrayList<>();

    public TensorRules(ModuleNames names) {
        this.names = names;
    }

    public List<TensorRule> list() {
        return List.copyOf(rules);
    }

    /** These products, added from now on, always have a bias; others may have one. */
    public TensorRules biased(DecoderModule... products) {
        biased.addAll(List.of(products));
        return this;
    }

    public TensorRules add(TensorRule... more) {
        rules.addAll(List.of(more));
        return this;
    }

    /** Changes the rules so far whose tensors have such names. */
    public TensorRules change(Predicate<String> target, UnaryOperator<TensorRule> change) {
        rules.replaceAll(rule -> target.test(rule.to()) ? change.apply(rule) : rule);
        return this;
    }

    /** Takes a rule away; the name is that in a block. */
    public TensorRules without(String target) {
        rules.removeIf(rule -> rule.to().equals(BLOCK + target));
        return this;
    }

    /** Gives a tensor of a block another name in files. */
    public TensorRules renamed(String from, String to) {
        return change((BLOCK + from)::equals, rule -> rule.renamed(BLOCK + to));
    }

    public TensorRules embedding() {
        return embedding("model.embed_tokens");
    }

    public TensorRules embedding(String from) {
        return add(TensorRule.matrix(from + ".weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
    }

    /** A norm of a layer; names without {@code .weight}. */
    public TensorRules norm(String from, String to) {
        return add(TensorRule.vector(LAYER + from + ".weight", BLOCK + to + ".weight", Size.WIDTH));
    }

    /** Weight and bias of a LayerNorm anywhere. */
    public TensorRules layerNorm(String from, String to) {
        return add(
                TensorRule.vector(from + ".weight", to + ".weight", Size.WIDTH),
                TensorRule.vector(from + ".bias", to + ".bias", Size.WIDTH));
    }

    /** A product's weight and its bias, which may be absent but where the family always has it. */
    public TensorRules product(DecoderModule module, Size rows, Size columns) {
        ModuleNames.Module named = names.find(module).orElseThrow();
        String from = LAYER + named.name();
        String to = BLOCK + module.ggufName();
        return add(
                TensorRule.matrix(from + ".weight", to + ".weight", rows, columns)
                        .ordered(named.rows()),
                TensorRule.vector(from + ".bias", to + ".bias", rows)
                        .ordered(named.rows())
                        .needed(biased.contains(module) ? Need.REQUIRED : Need.OPTIONAL));
    }

    /** A product without a bias; names without {@code .weight}. */
    public TensorRules matrix(String from, String to, Size rows, Size columns) {
        return add(TensorRule.matrix(from + ".weight", to + ".weight", rows, columns));
    }

    /** A product and its bias, both always there, in this layout; names without {@code .weight}. */
    public TensorRules biased(String from, String to, Size rows, Size columns, Layout layout) {
        return add(
                TensorRule.matrix(from + ".weight", to + ".weight", rows, columns)
                        .stored(layout),
                TensorRule.vector(from + ".bias", to + ".bias", rows));
    }

    /** Query, key, value and output. */
    public TensorRules products() {
        return product(DecoderModule.ATTN_Q, Size.QUERIES, Size.WIDTH)
                .product(DecoderModule.ATTN_K, Size.KEYS, Size.WIDTH)
                .product(DecoderModule.ATTN_V, Size.KEYS, Size.WIDTH)
                .product(DecoderModule.ATTN_OUTPUT, Size.WIDTH, Size.QUERIES);
    }

    /** Attention between the two norms of a layer. */
    public TensorRules attention() {
        return norm("input_layernorm", "attn_norm").products().norm("post_attention_layernorm", "ffn_norm");
    }

    /** A feed-forward with a gate. */
    public TensorRules gated() {
        return product(DecoderModule.FFN_GATE, Size.FF, Size.WIDTH)
                .product(DecoderModule.FFN_UP, Size.FF, Size.WIDTH)
                .product(DecoderModule.FFN_DOWN, Size.WIDTH, Size.FF);
    }

    /** The last norm and the output projection. */
    public TensorRules output() {
        return add(TensorRule.vector("model.norm.weight", "output_norm.weight", Size.WIDTH))
                .head();
    }

    public TensorRules head() {
        return head("lm_head");
    }

    public TensorRules head(String from) {
        return add(TensorRule.matrix(from + ".weight", "output.weight", Size.VOCAB, Size.WIDTH)
                .needed(Need.UNLESS_TIED));
    }

    /** All that llama has. */
    public TensorRules llama() {
        return embedding().attention().gated().output();
    }

    /** Norms of queries and keys that all heads share. */
    public TensorRules headNorms(String query, String key) {
        return add(
                TensorRule.vector(LAYER + "self_attn." + query + ".weight", BLOCK + "attn_q_norm.weight", Size.HEAD),
                TensorRule.vector(LAYER + "self_attn." + key + ".weight", BLOCK + "attn_k_norm.weight", Size.HEAD));
    }

    public TensorRules headNorms() {
        return headNorms("q_norm", "k_norm");
    }

    /** A router and experts with tensors of their own, under the family's names. */
    public TensorRules experts(String router) {
        ModuleNames.ExpertNames own = names.experts();
        if (own == null) {
            throw new IllegalStateException("experts without modules");
        }
        matrix(LAYER + router, BLOCK + "ffn_gate_inp", Size.EXPERTS, Size.WIDTH);
        String expert = LAYER + own.block() + "{e}.";
        return each(expert + own.gate(), "ffn_gate_exps", Size.EXPERT_FF, Size.WIDTH)
                .each(expert + own.up(), "ffn_up_exps", Size.EXPERT_FF, Size.WIDTH)
                .each(expert + own.down(), "ffn_down_exps", Size.WIDTH, Size.EXPERT_FF);
    }

    private TensorRules each(String from, String to, Size rows, Size columns) {
        return add(TensorRule.matrix(from + ".weight", BLOCK + to + ".weight", rows, columns)
                .stored(Layout.EACH_EXPERT));
    }

    /** Gate and up of all experts as halves of one tensor, and down of all in another; names in a layer. */
    public TensorRules packedExperts(String gateUp, String down) {
        return add(
                TensorRule.matrix(LAYER + gateUp, BLOCK + "ffn_gate_exps.weight", Size.EXPERT_FF, Size.WIDTH)
                        .stored(Layout.ALL_EXPERTS)
                        .ordered(RowOrder.FIRST_HALF),
                TensorRule.matrix(LAYER + gateUp, BLOCK + "ffn_up_exps.weight", Size.EXPERT_FF, Size.WIDTH)
                        .stored(Layout.ALL_EXPERTS)
                        .ordered(RowOrder.SECOND_HALF),
                TensorRule.matrix(LAYER + down, BLOCK + "ffn_down_exps.weight", Size.WIDTH, Size.EXPERT_FF)
                        .stored(Layout.ALL_EXPERTS));
    }

    /** The expert that every token passes through, and its router. */
    public TensorRules sharedExpert() {
        String shared = LAYER + "mlp.shared_expert";
        return add(TensorRule.vector(shared + "_gate.weight", BLOCK + "ffn_gate_inp_shexp.weight", Size.WIDTH))
                .matrix(shared + ".gate_proj", BLOCK + "ffn_gate_shexp", Size.SHARED_FF, Size.WIDTH)
                .matrix(shared + ".up_proj", BLOCK + "ffn_up_shexp", Size.SHARED_FF, Size.WIDTH)
                .matrix(shared + ".down_proj", BLOCK + "ffn_down_shexp", Size.WIDTH, Size.SHARED_FF);
    }
}
