package dev.chaku.internal.huggingface;

import dev.chaku.gguf.GgufValue;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How Hugging Face stores the models of some classes, and what they are in GGUF: those of llama unless changed, which a
 * family does where it makes one and nobody does afterwards.
 */
public final class HuggingFaceClass {
    /** Names of an activation that all mean SiLU. */
    public static final List<String> SILU = List.of("silu", "swish");

    private final String architecture;
    private final List<String> names;
    private List<String> bareNames = List.of();
    private String epsilonKey = "rms_norm_eps";
    private boolean layerNorm;
    private boolean rotary = true;
    private boolean tied;
    private List<String> activations = SILU;
    private Function<ModelConfig, List<TensorRule>> tensors = config -> List.of();
    private BiConsumer<ModelConfig, Map<String, GgufValue>> keys = (config, more) -> {};
    private Map<String, Object> defaults = Map.of();
    private Set<String> ropeKeys = Set.of();
    private Pattern leftOut = Pattern.compile("");

    private HuggingFaceClass(String architecture, List<String> names) {
        this.architecture = architecture;
        this.names = names;
    }

    /**
     * Classes of one kind.
     *
     * @param architecture name of the family in GGUF files
     * @param names under {@code architectures} in config.json
     */
    public static HuggingFaceClass of(String architecture, String... names) {
        return new HuggingFaceClass(architecture, List.of(names));
    }

    public String architecture() {
        return architecture;
    }

    public List<String> names() {
        return Stream.concat(names.stream(), bareNames.stream()).toList();
    }

    /**
     * Classes of the same without an output projection, as models for vectors are saved: the embedding serves as it.
     */
    public HuggingFaceClass bare(String... more) {
        bareNames = List.of(more);
        return this;
    }

    /** What config.json calls the epsilon of all norms. */
    public HuggingFaceClass epsilon(String key) {
        epsilonKey = key;
        return this;
    }

    public String epsilonKey() {
        return epsilonKey;
    }

    /** Norms take off the mean, which decides the epsilon's name in GGUF. */
    public HuggingFaceClass layerNorm() {
        layerNorm = true;
        return this;
    }

    public boolean isLayerNorm() {
        return layerNorm;
    }

    /** Positions are no rotations. */
    public HuggingFaceClass withoutRotation() {
        rotary = false;
        return this;
    }

    public boolean isRotary() {
        return rotary;
    }

    /** The embedding serves as output projection unless config.json says otherwise. */
    public HuggingFaceClass tied() {
        tied = true;
        return this;
    }

    /** Whether the embedding serves as output projection. */
    public boolean isTied(ModelConfig config) {
        return bareNames.contains(config.architecture()) || config.tied(tied);
    }

    /** Activations that config.json may name. */
    public HuggingFaceClass activations(String... known) {
        activations = List.of(known);
        return this;
    }

    public List<String> activations() {
        return activations;
    }

    /** Tensors of all models, in the order of the file. */
    public HuggingFaceClass tensors(TensorRules rules) {
        return tensors(config -> rules);
    }

    /** Tensors of a model of this configuration. */
    public HuggingFaceClass tensors(Function<ModelConfig, TensorRules> rules) {
        tensors = config -> rules.apply(config).list();
        return this;
    }

    public List<TensorRule> tensors(ModelConfig config) {
        return tensors.apply(config);
    }

    /** Adds key values that only this family has, and refuses what it does not understand. */
    public HuggingFaceClass keys(BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        keys = extra;
        return this;
    }

    public void addKeys(ModelConfig config, Map<String, GgufValue> more) {
        keys.accept(config, more);
    }

    /** What the classes have where config.json says nothing. */
    public HuggingFaceClass defaults(Map<String, Object> values) {
        defaults = values;
        return this;
    }

    public Map<String, Object> defaults() {
        return defaults;
    }

    /** Tensors of parts that a file does without: their whole names, as a regular expression. */
    public HuggingFaceClass leavesOut(String names) {
        leftOut = Pattern.compile(names);
        return this;
    }

    public boolean leavesOutTensor(String name) {
        return leftOut.matcher(name).matches();
    }

    /** Keys of a rotation's stretching that others refuse, since they do not read them. */
    public HuggingFaceClass readsOfRope(String... more) {
        ropeKeys = Set.of(more);
        return this;
    }

    public Set<String> ropeKeys() {
        return ropeKeys;
    }
}
