package dev.chaku.internal.huggingface;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The sizes and switches in {@code config.json}, under whatever name the family gives them. Immutable. */
public final class ModelConfig {
    private static final int MOST = 1 << 24;

    /** What config.json may call the activation. */
    private static final List<String> ACTIVATION_KEYS =
            List.of("hidden_activation", "hidden_act", "activation_function", "activation");

    private final JsonFile json;
    private final OptionalInt vocab;
    private final OptionalInt layer;

    private ModelConfig(JsonFile json, OptionalInt vocab, OptionalInt layer) {
        this.json = json;
        this.vocab = vocab;
        this.layer = layer;
    }

    /** Reads the file; of a model that also sees, what it says of the language model. */
    public static ModelConfig read(Path file) {
        JsonFile whole = JsonFile.read(file);
        JsonFile text =
                whole.findObject("text_config").map(part -> part.over(whole)).orElse(whole);
        text.findObject("quantization_config").ifPresent(quantization -> {
            String method = quantization.findString("quant_method").orElse("one");
            if (!method.equals("mxfp4")) {
                throw text.error(
                        "quantization_config", "none (take the original model and quantize it afterwards)", method);
            }
        });
        return new ModelConfig(text, OptionalInt.empty(), OptionalInt.empty());
    }

    /** The same with what holds for the class where the file says nothing. */
    public ModelConfig withDefaults(Map<String, ?> defaults) {
        return new ModelConfig(json.withDefaults(defaults), vocab, layer);
    }

    public JsonFile json() {
        return json;
    }

    /** The class that Hugging Face opens it with. */
    public String architecture() {
        List<@Nullable Object> names = json.findList("architectures").orElse(List.of());
        if (names.size() != 1 || !(names.get(0) instanceof String name)) {
            throw json.error("architectures", "an array of one name", names);
        }
        return name;
    }

    public int layers() {
        return count("num_hidden_layers", "n_layer", "n_layers");
    }

    public int heads() {
        return count("num_attention_heads", "n_head", "n_heads");
    }

    public int kvHeads() {
        if (isWide() && json.bool("attention_k_eq_v", false) && json.has("num_global_key_value_heads")) {
            return count("num_global_key_value_heads");
        }
        if (json.bool("multi_query", false) && !json.bool("new_decoder_architecture", false)) {
            return 1;
        }
        return find("num_key_value_heads", "num_kv_heads").orElse(heads());
    }

    public int headDim() {
        if (isWide()) {
            return count("global_head_dim");
        }
        return find("head_dim").orElseGet(() -> {
            if (width() % heads() != 0) {
                throw json.error("num_attention_heads", "a divisor of the width " + width(), heads());
            }
            return width() / heads();
        });
    }

    public int width() {
        return count("hidden_size", "n_embd", "n_embed", "d_model");
    }

    public int context() {
        return find("max_position_embeddings", "n_positions", "seq_length", "max_seq_len")
                .orElse(2048);
    }

    public int vocab() {
        return vocab.orElseGet(() -> count("vocab_size"));
    }

    /** The same with another number of tokens. */
    public ModelConfig withVocab(int tokens) {
        return new ModelConfig(json, OptionalInt.of(tokens), layer);
    }

    /** The same with the sizes of one layer, where these differ; -1 for none in particular. */
    public ModelConfig in(int number) {
        return number < 0 ? this : new ModelConfig(json, vocab, OptionalInt.of(number));
    }

    /** Whether a layer has no window, in a list of kinds. */
    public boolean seesEverything(int number) {
        List<@Nullable Object> kinds = json.findList("layer_types").orElse(List.of());
        if (kinds.size() != layers()) {
            throw json.error("layer_types", "one kind for each of " + layers() + " layers", kinds.size() + " kinds");
        }
        return "full_attention".equals(kinds.get(number));
    }

    /** Of heads that are wider where nothing bounds what they see. */
    private boolean isWide() {
        return layer.isPresent() && json.has("global_head_dim") && seesEverything(layer.getAsInt());
    }

    /** Whether the layer makes keys, rather than reading those of an earlier one. */
    public boolean hasKeys() {
        return layer.orElse(0) < layers() - json.findInt("num_kv_shared_layers").orElse(0);
    }

    /** Whether it makes values by a product of their own. */
    public boolean hasValues() {
        return hasKeys() && !(isWide() && json.bool("attention_k_eq_v", false));
    }

    public int ffWidth() {
        int width = find("block_ff_dim", "intermediate_size", "n_inner", "ffn_hidden_size")
                .orElseGet(() -> count("expansion_ratio") * width());
        if (json.bool("use_double_wide_mlp", false) && !hasKeys()) {
            return 2 * width;
        }
        return json.bool("block_auto_adjust_ff_dim", false) ? adjusted(width) : width;
    }

    /** Two thirds, stretched, and no less than a multiple of a block. */
    private int adjusted(int width) {
        int least = (int) (json.findDouble("block_ffn_dim_multiplier").orElse(1) * (2L * width / 3));
        int block = count("block_multiple_of");
        return (least + block - 1) / block * block;
    }

    public int experts() {
        return find("num_local_experts", "num_experts", "n_routed_experts").orElse(0);
    }

    /** How many layers from the first on have no experts. */
    public int leadingDense() {
        return json.findInt("num_dense_layers")
                .orElse(json.findInt("first_k_dense_replace").orElse(0));
    }

    public boolean tied(boolean otherwise) {
        return json.bool("tie_word_embeddings", json.bool("tie_embedding", otherwise));
    }

    /**
     * Rotation: its keys stand in an object of their own in newer files, one for each kind of layer where these differ.
     */
    public Optional<JsonFile> ropeParameters() {
        Optional<JsonFile> all = json.findObject("rope_parameters");
        return all.flatMap(each -> each.findObject("full_attention")).or(() -> all);
    }

    public double ropeTheta() {
        double theta =
                ropeNumber("rope_theta").or(() -> ropeNumber("rotary_emb_base")).orElse(10000.0);
        if (!(theta > 0)) {
            throw json.error("rope_theta", "a positive number", theta);
        }
        return theta;
    }

    /** The base of the rotation of layers with a window. */
    public double windowRopeTheta() {
        return json.findObject("rope_parameters")
                .flatMap(each -> each.findObject("sliding_attention"))
                .map(own -> own.requireDouble("rope_theta"))
                .orElse(10000.0);
    }

    /** Dimensions of a head that are rotated. */
    public int ropeDims() {
        if (json.has("qk_rope_head_dim")) {
            return count("qk_rope_head_dim");
        }
        double factor = ropeNumber("partial_rotary_factor")
                .or(() -> ropeNumber("rotary_pct"))
                .orElse(1.0);
        int dims = (int) Math.round(headDim() * factor);
        if (dims < 2 || dims > headDim() || dims % 2 != 0) {
            throw json.error(
                    "partial_rotary_factor", "an even number of a head's " + headDim() + " dimensions", factor);
        }
        return dims;
    }

    private Optional<Double> ropeNumber(String key) {
        return ropeParameters()
                .filter(own -> own.has(key))
                .or(() -> Optional.of(json).filter(own -> own.has(key)))
                .map(own -> own.requireDouble(key));
    }

    /** What orders of rows depend on. */
    public RowOrder.Sizes sizes() {
        if (json.has("kv_lora_rank")) {
            return new RowOrder.Sizes(
                    heads(), kvHeads(), headDim(), 0, 0, count("qk_nope_head_dim"), count("v_head_dim"));
        }
        if (!json.has("linear_num_value_heads")) {
            return new RowOrder.Sizes(heads(), kvHeads(), headDim(), 0, 0, 0, 0);
        }
        int keyHeads = count("linear_num_key_heads");
        int valueHeads = count("linear_num_value_heads");
        if (valueHeads % keyHeads != 0) {
            throw json.error("linear_num_value_heads", "a multiple of " + keyHeads + " key heads", valueHeads);
        }
        return new RowOrder.Sizes(
                heads(),
                kvHeads(),
                headDim(),
                keyHeads,
                valueHeads,
                count("linear_key_head_dim"),
                count("linear_value_head_dim"));
    }

    /** Whether a layer has attention, rather than a running memory. */
    public boolean hasAttention(int layer) {
        if (json.findList("layer_types").isPresent()) {
            List<@Nullable Object> kinds = json.findList("layer_types").get();
            if (kinds.size() != layers()) {
                throw json.error(
                        "layer_types", "one kind for each of " + layers() + " layers", kinds.size() + " kinds");
            }
            return String.valueOf(kinds.get(layer)).endsWith("_attention")
                    && !"linear_attention".equals(kinds.get(layer));
        }
        if (json.findList("full_attn_idxs").isPresent()) {
            return json.findList("full_attn_idxs").get().contains((long) layer);
        }
        return !json.has("linear_num_value_heads") || (layer + 1) % attentionInterval() == 0;
    }

    /** Every so many layers one has attention, in models with the delta rule. */
    public int attentionInterval() {
        return find("full_attention_interval").orElse(4);
    }

    public long of(Size size) {
        return switch (size) {
            case ONE -> 1;
            case WIDTH -> width();
            case VOCAB -> vocab();
            case CONTEXT -> context();
            case CONTEXT_BEHIND_PADDING -> context() - RowOrder.PADDING_ROWS;
            case HEAD -> headDim();
            case HEADS -> heads();
            case KV_HEADS -> kvHeads();
            case QUERIES -> (long) heads() * headDim();
            case QUERIES_AND_GATES -> 2L * heads() * headDim();
            case KEYS -> (long) kvHeads() * headDim();
            case QUERIES_KEYS_VALUES -> (heads() + 2L * kvHeads()) * headDim();
            case FF -> ffWidth();
            case GATE_UP -> 2L * ffWidth();
            case EXPERTS -> experts();
            case EXPERT_FF -> count("moe_intermediate_size", "intermediate_size");
            case SHARED_FF ->
                json.has("n_routed_experts")
                        ? json.findInt("n_shared_experts").orElse(0) * of(Size.EXPERT_FF)
                        : count("shared_expert_intermediate_size", "shared_intermediate_size");
            case TAPS -> count("linear_conv_kernel_dim", "conv_L_cache");
            case CONVOLUTION_IN -> 3L * width();
            case DELTA_CHANNELS -> 2L * sizes().keyHeads() * sizes().keyDim() + of(Size.DELTA_VALUES);
            case DELTA_VALUES -> (long) sizes().valueHeads() * sizes().valueDim();
            case DELTA_VALUE_HEADS -> sizes().valueHeads();
            case DELTA_TWO_FOR_EACH_HEAD -> 2L * sizes().valueHeads();
            case DELTA_VALUE_HEAD -> sizes().valueDim();
            case QUERY_RANK -> json.findInt("q_lora_rank").orElse(0);
            case LATENT -> count("kv_lora_rank");
            case LATENT_AND_ROPE -> of(Size.LATENT) + ropeDims();
            case LATENT_QUERIES -> heads() * (of(Size.PLAIN_HEAD) + ropeDims());
            case LATENT_KEYS -> heads() * of(Size.LATENT);
            case LATENT_VALUES -> (long) heads() * count("v_head_dim");
            case PLAIN_HEAD -> count("qk_nope_head_dim");
            case LAYER_INPUT -> json.findInt("hidden_size_per_layer_input").orElse(0);
            case LAYER_INPUTS -> layers() * of(Size.LAYER_INPUT);
            case TYPES -> count("type_vocab_size");
            case LABELS -> labels();
        };
    }

    /** Scores that a classifier gives, by its number of names. */
    private int labels() {
        return json.findObject("id2label").map(names -> names.fields().size()).orElseGet(() -> find("num_labels")
                .orElse(2));
    }

    /** The first of these keys that is there. */
    public int count(String... keys) {
        return find(keys).orElseThrow(() -> json.error(keys[0], "a positive integer", null));
    }

    private Optional<Integer> find(String... keys) {
        for (String key : keys) {
            if (json.has(key)) {
                int value = json.requireCount(key);
                if (value > MOST) {
                    throw json.error(key, "at most " + MOST, value);
                }
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }

    /** Refuses what would change the numbers: a key may be absent, null, or have one of these values. */
    public void requireOneOf(String key, Object... values) {
        Object found = json.fields().get(key);
        if (found != null && !List.of(values).contains(found)) {
            StringBuilder expected = new StringBuilder(values.length == 0 ? "nothing" : "");
            for (Object value : values) {
                expected.append(expected.length() == 0 ? "" : " or ").append(value);
            }
            throw json.error(key, expected + " (others are not supported for " + architecture() + ")", found);
        }
    }

    /** Refuses an activation that is none of these. */
    public void requireActivation(List<String> known) {
        ACTIVATION_KEYS.stream().filter(json::has).findFirst().ifPresent(key -> requireOneOf(key, known.toArray()));
    }

    public BadInputException error(String key, String expected, @Nullable Object found) {
        return json.error(key, expected, found);
    }
}
