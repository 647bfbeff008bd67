package dev.chaku.internal.adapter;

import dev.chaku.internal.arch.DecoderModule;
import dev.chaku.internal.arch.DecoderModule.Place;
import dev.chaku.internal.huggingface.RowOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What Hugging Face calls the modules of a family's layers that an adapter can add to, for instance
 * {@code model.layers.3.self_attn.q_proj}, and how their rows and columns stand in GGUF files.
 *
 * @param layers what stands before a layer's number
 * @param output the name of the output projection
 * @param turned whether weights are stored inputs by outputs; adapters of such modules are as all others, but PEFT's
 *     configuration says {@code fan_in_fan_out}
 * @param modules one for each module and product: a module that is several products here stands several times
 */
public record PeftFamily(String layers, String output, boolean turned, List<Module> modules) {
    /**
     * Families whose converter reorders. Those that rotate neighbours on both sides (cohere, glm4) do not belong here.
     */
    private static final Set<String> HALVES = Set.of("llama", "smollm3", "granite", "mistral3");

    private static final String MODEL = "model.layers.";
    private static final List<Module> ATTENTION = List.of(
            module("self_attn.q_proj", DecoderModule.ATTN_Q), module("self_attn.k_proj", DecoderModule.ATTN_K),
            module("self_attn.v_proj", DecoderModule.ATTN_V), module("self_attn.o_proj", DecoderModule.ATTN_OUTPUT));
    private static final List<Module> GATED = List.of(
            module("mlp.gate_proj", DecoderModule.FFN_GATE),
            module("mlp.up_proj", DecoderModule.FFN_UP),
            module("mlp.down_proj", DecoderModule.FFN_DOWN));
    private static final List<Module> SHARED_EXPERT = List.of(
            module("mlp.shared_expert.gate_proj", DecoderModule.SHARED_GATE),
            module("mlp.shared_expert.up_proj", DecoderModule.SHARED_UP),
            module("mlp.shared_expert.down_proj", DecoderModule.SHARED_DOWN));
    private static final List<Module> GATE_UP = List.of(
            module("mlp.gate_up_proj", DecoderModule.FFN_GATE_UP), module("mlp.down_proj", DecoderModule.FFN_DOWN));

    /** Families that do not name all of them as llama does. */
    private static final Map<String, PeftFamily> OTHERS = Map.ofEntries(
            Map.entry(
                    "phi3",
                    of(
                            MODEL,
                            List.of(
                                    module("self_attn.qkv_proj", DecoderModule.ATTN_QKV),
                                    module("self_attn.o_proj", DecoderModule.ATTN_OUTPUT)),
                            GATE_UP)),
            Map.entry("glm4", of(MODEL, ATTENTION, GATE_UP)),
            Map.entry(
                    "gpt2",
                    new PeftFamily(
                            "transformer.h.",
                            "lm_head",
                            true,
                            List.of(
                                    module("attn.c_attn", DecoderModule.ATTN_QKV),
                                            module("attn.c_proj", DecoderModule.ATTN_OUTPUT),
                                    module("mlp.c_fc", DecoderModule.FFN_UP),
                                            module("mlp.c_proj", DecoderModule.FFN_DOWN)))),
            Map.entry("falcon", of("transformer.h.", queryKeyValue("self_attention."))),
            Map.entry("bloom", of("transformer.h.", queryKeyValue("self_attention."))),
            Map.entry("gptneox", new PeftFamily("gpt_neox.layers.", "embed_out", false, queryKeyValue("attention."))),
            Map.entry(
                    "mpt",
                    of(
                            "transformer.blocks.",
                            List.of(
                                    module("attn.Wqkv", DecoderModule.ATTN_QKV),
                                            module("attn.out_proj", DecoderModule.ATTN_OUTPUT),
                                    module("ffn.up_proj", DecoderModule.FFN_UP),
                                            module("ffn.down_proj", DecoderModule.FFN_DOWN)))),
            Map.entry(
                    "phi2",
                    of(
                            MODEL,
                            ATTENTION.subList(0, 3),
                            List.of(
                                    module("self_attn.dense", DecoderModule.ATTN_OUTPUT),
                                    module("mlp.fc1", DecoderModule.FFN_UP),
                                    module("mlp.fc2", DecoderModule.FFN_DOWN)))),
            Map.entry(
                    "starcoder2",
                    of(
                            MODEL,
                            ATTENTION,
                            List.of(
                                    module("mlp.c_fc", DecoderModule.FFN_UP),
                                    module("mlp.c_proj", DecoderModule.FFN_DOWN)))),
            Map.entry(
                    "lfm2",
                    of(
                            MODEL,
                            ATTENTION.subList(0, 3),
                            List.of(
                                    module("self_attn.out_proj", DecoderModule.ATTN_OUTPUT),
                                            module("conv.in_proj", DecoderModule.SHORTCONV_IN),
                                    module("conv.out_proj", DecoderModule.MIX_OUT),
                                            module("feed_forward.w1", DecoderModule.FFN_GATE),
                                    module("feed_forward.w3", DecoderModule.FFN_UP),
                                            module("feed_forward.w2", DecoderModule.FFN_DOWN)))),
            Map.entry(
                    "qwen35",
                    of(
                            MODEL,
                            ATTENTION,
                            GATED,
                            List.of(
                                    module("linear_attn.in_proj_qkv", DecoderModule.MIX_IN)
                                            .ordered(RowOrder.TILED_CHANNELS),
                                    module("linear_attn.in_proj_z", DecoderModule.MIX_GATE)
                                            .ordered(RowOrder.TILED_VALUES),
                                    module("linear_attn.in_proj_b", DecoderModule.MIX_BETA)
                                            .ordered(RowOrder.TILED_HEADS),
                                    module("linear_attn.in_proj_a", DecoderModule.MIX_ALPHA)
                                            .ordered(RowOrder.TILED_HEADS),
                                    new Module(
                                            "linear_attn.out_proj",
                                            DecoderModule.MIX_OUT,
                                            RowOrder.AS_IS,
                                            RowOrder.TILED_VALUES)))),
            Map.entry(
                    "qwen3next",
                    of(
                            MODEL,
                            ATTENTION,
                            SHARED_EXPERT,
                            List.of(
                                    module("linear_attn.in_proj_qkvz", DecoderModule.MIX_IN)
                                            .ordered(RowOrder.DELTA_CHANNELS),
                                    module("linear_attn.in_proj_qkvz", DecoderModule.MIX_GATE)
                                            .ordered(RowOrder.DELTA_GATES),
                                    module("linear_attn.out_proj", DecoderModule.MIX_OUT)))));

    /**
     * A module, as far as it is one product.
     *
     * @param name within a layer
     * @param product what it is here
     * @param rows where the product's rows stand in Hugging Face's weight, as do those of B
     * @param columns where its columns stand there, as do those of A
     */
    public record Module(String name, DecoderModule product, RowOrder rows, RowOrder columns) {
        private Module ordered(RowOrder order) {
            return new Module(name, product, order, columns);
        }
    }

    /** A module of one layer; the layer is -1 for the output projection. */
    record Site(int layer, List<Module> modules) {}

    private static Module module(String name, DecoderModule product) {
        return new Module(name, product, RowOrder.AS_IS, RowOrder.AS_IS);
    }

    @SafeVarargs
    private static PeftFamily of(String layers, List<Module>... modules) {
        return new PeftFamily(
                layers,
                "lm_head",
                false,
                Stream.of(modules).flatMap(List::stream).toList());
    }

    private static List<Module> queryKeyValue(String block) {
        return List.of(
                module(block + "query_key_value", DecoderModule.ATTN_QKV).ordered(RowOrder.GROUPS),
                module(block + "dense", DecoderModule.ATTN_OUTPUT),
                module("mlp.dense_h_to_4h", DecoderModule.FFN_UP),
                module("mlp.dense_4h_to_h", DecoderModule.FFN_DOWN));
    }

    /** The names of an architecture's modules: those of llama unless it has names of its own. */
    public static PeftFamily of(String architecture) {
        PeftFamily other = OTHERS.get(architecture);
        if (other != null) {
            return other;
        }
        boolean halves = HALVES.contains(architecture);
        List<Module> modules = new ArrayList<>();
        for (Module module :
                Stream.of(ATTENTION, GATED, SHARED_EXPERT).flatMap(List::stream).toList()) {
            boolean rotated = module.product() == DecoderModule.ATTN_Q || module.product() == DecoderModule.ATTN_K;
            modules.add(halves && rotated ? module.ordered(RowOrder.HALVES) : module);
        }
        return of(MODEL, modules);
    }

    /**
     * Where the module of a full name stands; nothing if it is none of these. Bare models and those that also see
     * count, too.
     */
    Optional<Site> parse(String module) {
        if (module.equals(output)) {
            return Optional.of(new Site(-1, List.of(module(output, DecoderModule.OUTPUT))));
        }
        int dot = layers.indexOf('.');
        String head = Pattern.quote(layers.substring(0, dot + 1));
        Matcher matcher = Pattern.compile("(?:" + head + ")?(?:language_model\\.)?(?:" + head + ")?"
                        + Pattern.quote(layers.substring(dot + 1)) + "(0|[1-9][0-9]{0,5})\\.(.+)")
                .matcher(module);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        List<Module> found = modules.stream()
                .filter(each -> each.name().equals(matcher.group(2)))
                .toList();
        return found.isEmpty() ? Optional.empty() : Optional.of(new Site(Integer.parseInt(matcher.group(1)), found));
    }

    /** The module that is this product; nothing if none is it alone, or as one of several. */
    public Optional<Module> find(DecoderModule product) {
        return product == DecoderModule.OUTPUT
                ? Optional.of(module(output, product))
                : modules.stream().filter(each -> each.product() == product).findFirst();
    }

    /** The full name of a module in a layer. */
    String fullName(Module module, int layer) {
        return module.product().inLayers() ? layers + layer + "." + module.name() : module.name();
    }

    /** The full name of the module at a place, which the family has. */
    String fullName(Place place) {
        return fullName(find(place.module()).orElseThrow(), place.layer());
    }

    /** The name as {@code target_modules} lists it: without layer and, where that is enough, without block. */
    String leaf(DecoderModule product) {
        String name = find(product).orElseThrow().name();
        String leaf = name.substring(name.indexOf('.') + 1);
        boolean shared = modules.stream()
                .anyMatch(each -> !each.name().equals(name)
                        && each.name().substring(each.name().indexOf('.') + 1).equals(leaf));
        return shared ? name : leaf;
    }

    /** Names within a layer, for messages. */
    List<String> names() {
        return Stream.concat(modules.stream().map(Module::name).distinct(), Stream.of(output))
                .toList();
    }
}
