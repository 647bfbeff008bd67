package dev.chaku.internal.huggingface;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What Hugging Face calls the modules of a family's layers that an adapter can add to, for instance
 * {@code model.layers.3.self_attn.q_proj}, and how their rows and columns stand in GGUF files. Immutable.
 *
 * @param layers what stands before a layer's number
 * @param embedding the name of the token embedding
 * @param output the name of the output projection
 * @param inputsFirst whether weights are stored inputs by outputs; adapters of such modules are as all others, but
 *     PEFT's configuration says {@code fan_in_fan_out}
 * @param modules one for each module and product: a module that is several products here stands several times
 * @param experts names of an expert's modules; null where experts have none, since parameters hold all of them
 */
public record ModuleNames(
        String layers,
        String embedding,
        String output,
        boolean inputsFirst,
        List<Module> modules,
        @Nullable ExpertNames experts) {
    private static final String MODEL = "model.layers.";
    private static final String EMBEDDING = "model.embed_tokens";
    private static final String HEAD = "lm_head";

    /** What tools put before names: wrappers of training, and the language model's own name in one that also sees. */
    private static final Pattern WRAPPERS =
            Pattern.compile("(?:base_model\\.model\\.|module\\.|_orig_mod\\.|_fsdp_wrapped_module\\.)+(?=.)");

    private static final Pattern INNER_WRAPPERS =
            Pattern.compile("\\.(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\\.|$)");

    private static final String OUTER = "(?:(?:model|language_model|text_model|llm|thinker)\\.)*";

    /** Parts of models that also see or hear: without them texts are the same. */
    private static final Pattern OF_NO_TEXT = Pattern.compile(
            "(?:.*\\.)?(?:visual|vision_tower|vision_model|vision_encoder|multi_modal_projector|mm_projector|"
                    + "embed_vision|audio_tower|audio_model|embed_audio)\\..+");

    private static final ExpertNames IN_MLP = new ExpertNames("mlp.experts.", "gate_proj", "up_proj", "down_proj");

    /**
     * A module, as far as it is one product.
     *
     * @param name within a layer
     * @param product what it is here
     * @param rows where the product's rows stand in Hugging Face's weight, as do those of B
     * @param columns where its columns stand there, as do those of A
     */
    public record Module(String name, DecoderModule product, RowOrder rows, RowOrder columns) {
        /** With rows in another order. */
        public Module ordered(RowOrder order) {
            return new Module(name, product, order, columns);
        }

        /** With columns in another order. */
        public Module columnsOrdered(RowOrder order) {
            return new Module(name, product, rows, order);
        }
    }

    /**
     * Names of the modules of one expert.
     *
     * @param block what stands before its number within a layer
     */
    public record ExpertNames(String block, String gate, String up, String down) {
        /** The product that a module is; nothing if it is none. */
        public Optional<DecoderModule> product(String module) {
            return module.equals(gate)
                    ? Optional.of(DecoderModule.EXPERT_GATE)
                    : module.equals(up)
                            ? Optional.of(DecoderModule.EXPERT_UP)
                            : module.equals(down) ? Optional.of(DecoderModule.EXPERT_DOWN) : Optional.empty();
        }

        /** The name within a layer of a product's module. */
        public String module(DecoderModule product, int expert) {
            return block
                    + expert
                    + "."
                    + (product == DecoderModule.EXPERT_GATE ? gate : product == DecoderModule.EXPERT_UP ? up : down);
        }
    }

    /** A name within a layer. */
    public record InLayer(int layer, String name) {}

    /** A module of one layer; the layer is -1 for the output projection. */
    public record Site(int layer, List<Module> modules) {}

    public ModuleNames {
        modules = List.copyOf(modules);
    }

    /** A module that both sides hold in the same way. */
    public static Module module(String name, DecoderModule product) {
        return new Module(name, product, RowOrder.AS_IS, RowOrder.AS_IS);
    }

    /** Modules under {@code layers} and a number. */
    public static ModuleNames of(String layers, Module... modules) {
        return new ModuleNames(layers, EMBEDDING, HEAD, false, List.of(modules), IN_MLP);
    }

    /** The names that llama has, a shared expert included. */
    public static ModuleNames llama() {
        return llamaAttention()
                .and(
                        module("mlp.gate_proj", DecoderModule.FFN_GATE),
                        module("mlp.up_proj", DecoderModule.FFN_UP),
                        module("mlp.down_proj", DecoderModule.FFN_DOWN))
                .andSharedExpert();
    }

    /** Those of query, key, value and output alone. */
    public static ModuleNames llamaAttention() {
        return of(
                MODEL,
                module("self_attn.q_proj", DecoderModule.ATTN_Q),
                module("self_attn.k_proj", DecoderModule.ATTN_K),
                module("self_attn.v_proj", DecoderModule.ATTN_V),
                module("self_attn.o_proj", DecoderModule.ATTN_OUTPUT));
    }

    public ModuleNames and(Module... more) {
        return with(Stream.concat(modules.stream(), Stream.of(more)).toList());
    }

    /** The same and the expert that every token passes through. */
    public ModuleNames andSharedExpert() {
        return and(
                module("mlp.shared_expert.gate_proj", DecoderModule.SHARED_GATE),
                module("mlp.shared_expert.up_proj", DecoderModule.SHARED_UP),
                module("mlp.shared_expert.down_proj", DecoderModule.SHARED_DOWN));
    }

    /** The same with another name for a product's module. */
    public ModuleNames renamed(DecoderModule product, String name) {
        return with(modules.stream()
                .map(each -> each.product() == product ? module(name, product) : each)
                .toList());
    }

    private ModuleNames with(List<Module> others) {
        return new ModuleNames(layers, embedding, output, inputsFirst, others, experts);
    }

    /**
     * The same with query and key rows that the converter reorders. Families that rotate neighbours on both sides
     * (cohere, glm4) do without.
     */
    public ModuleNames halves() {
        Set<DecoderModule> rotated = EnumSet.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K);
        return with(modules.stream()
                .map(each -> rotated.contains(each.product()) ? each.ordered(RowOrder.HALVES) : each)
                .toList());
    }

    public ModuleNames withOutput(String name) {
        return new ModuleNames(layers, embedding, name, inputsFirst, modules, experts);
    }

    public ModuleNames withEmbedding(String name) {
        return new ModuleNames(layers, name, output, inputsFirst, modules, experts);
    }

    public ModuleNames storedInputsFirst() {
        return new ModuleNames(layers, embedding, output, true, modules, experts);
    }

    /** The same with other names of experts' modules; null for none. */
    public ModuleNames withExperts(@Nullable ExpertNames names) {
        return new ModuleNames(layers, embedding, output, inputsFirst, modules, names);
    }

    /** A module's name without what tools that train put around it. */
    public static String bare(String module) {
        Matcher around = WRAPPERS.matcher(module);
        String inside = around.lookingAt() ? module.substring(around.end()) : module;
        return INNER_WRAPPERS.matcher(inside).replaceAll("");
    }

    /** Whether a module is of what sees or hears, which texts do not pass through. */
    public static boolean isOfNoText(String module) {
        return OF_NO_TEXT.matcher(module).matches();
    }

    /** Whether a module of any family is a token embedding, by its name. */
    public static boolean isAnEmbedding(String module) {
        return module.matches("(?:.*\\.)?(?:embed_tokens|wte|word_embeddings|embed_in)");
    }

    /**
     * Layer and rest of a full name; nothing if it is none in a layer. Bare models and those that also see count, too.
     */
    public Optional<InLayer> inLayer(String module) {
        int dot = layers.indexOf('.');
        String head = Pattern.quote(layers.substring(0, dot + 1));
        Matcher matcher = Pattern.compile(OUTER + "(?:" + head + ")?" + OUTER + Pattern.quote(layers.substring(dot + 1))
                        + "(0|[1-9][0-9]{0,5})\\.(.+)")
                .matcher(bare(module));
        return matcher.matches()
                ? Optional.of(new InLayer(Integer.parseInt(matcher.group(1)), matcher.group(2)))
                : Optional.empty();
    }

    /** Where the module of a full name stands; nothing if it is none of these. */
    public Optional<Site> parse(String module) {
        if (isOutside(output, module)) {
            return Optional.of(new Site(-1, List.of(module(output, DecoderModule.OUTPUT))));
        }
        if (isOutside(embedding, module)) {
            return Optional.of(new Site(-1, List.of(module(embedding, DecoderModule.TOKEN_EMBEDDING))));
        }
        return inLayer(module).flatMap(within -> {
            List<Module> found = modules.stream()
                    .filter(each -> each.name().equals(within.name()))
                    .toList();
            return found.isEmpty() ? Optional.empty() : Optional.of(new Site(within.layer(), found));
        });
    }

    /** Whether a full name is that of a module outside of layers, whatever of the models around it the name tells. */
    private static boolean isOutside(String name, String module) {
        int dot = name.indexOf('.');
        String head = dot < 0 ? "" : "(?:" + Pattern.quote(name.substring(0, dot + 1)) + ")?";
        return bare(module).matches(OUTER + head + OUTER + Pattern.quote(name.substring(dot + 1)));
    }

    /** The module that is this product; nothing if none is it alone, or as one of several. */
    public Optional<Module> find(DecoderModule product) {
        return switch (product) {
            case OUTPUT -> Optional.of(module(output, product));
            case TOKEN_EMBEDDING -> Optional.of(module(embedding, product));
            default ->
                modules.stream().filter(each -> each.product() == product).findFirst();
        };
    }

    /** The full name of a module in a layer. */
    public String fullName(Module module, int layer) {
        return module.product().inLayers() ? layers + layer + "." + module.name() : module.name();
    }

    /** The full name of the module at a place, which the family has. */
    public String fullName(Place place) {
        return fullName(find(place.module()).orElseThrow(), place.layer());
    }

    /** The name as {@code target_modules} lists it: without layer and, where that is enough, without block. */
    public String leaf(DecoderModule product) {
        String name = find(product).orElseThrow().name();
        String leaf = name.substring(name.indexOf('.') + 1);
        boolean shared = modules.stream()
                .anyMatch(each -> !each.name().equals(name)
                        && each.name().substring(each.name().indexOf('.') + 1).equals(leaf));
        return shared ? name : leaf;
    }

    /** Names within a layer, for messages. */
    public List<String> names() {
        return Stream.concat(modules.stream().map(Module::name).distinct(), Stream.of(output))
                .toList();
    }
}
