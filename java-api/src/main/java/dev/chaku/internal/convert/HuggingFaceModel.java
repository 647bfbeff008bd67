package dev.chaku.internal.convert;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Mxfp4Rows;
import dev.chaku.internal.huggingface.RopeKeys;
import dev.chaku.internal.huggingface.RuleRows;
import dev.chaku.internal.huggingface.SafetensorsFolder;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.quantize.RowSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a model as Hugging Face stores it: config.json, safetensors files and those of the tokenizer. */
public final class HuggingFaceModel {
    /** What can be computed from the sizes, and is stored by some versions all the same. */
    private static final Pattern HARMLESS =
            Pattern.compile(".*\\.rotary_emb\\.inv_freq|.*\\.(attn|attention|self_attention)\\.(bias|masked_bias)");

    /** What sees, and what guesses several tokens at once: a file of texts does without. */
    private static final Pattern OTHER_PARTS = Pattern.compile(
            "(model\\.)?(vision_tower|audio_tower|embed_vision|embed_audio|multi_modal_projector|visual|mtp)\\..*");

    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,6})\\.");

    private final ModelConfig config;
    private final HuggingFaceClass family;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final List<ModelOutline.Tensor> tensors = new ArrayList<>();
    private final List<String> leftOut = new ArrayList<>();

    private HuggingFaceModel(ModelConfig found) {
        this.family = ModelFamilies.huggingFace(found);
        this.config = found.withDefaults(family.defaults());
        config.requireActivation(family.activations());
    }

    /**
     * A model that was read.
     *
     * @param outline what the file is to be
     * @param format of its matrices now
     * @param leftOut tensors of parts that do no texts
     */
    public record Found(ModelOutline outline, FormatMix format, List<String> leftOut) {}

    /** Names under {@code architectures} in config.json that are known. */
    public static List<String> classes() {
        return ModelFamilies.classes();
    }

    /**
     * Reads a folder.
     *
     * @throws BadInputException if a file or tensor is missing, damaged or of another shape than config.json says, or
     *     the model is of no known family or uses something that is not understood; the message names it
     */
    public static Found read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(
                    folder + ": expected a folder with config.json and safetensors files, found none");
        }
        HuggingFaceModel model = new HuggingFaceModel(ModelConfig.read(folder.resolve("config.json")));
        SafetensorsFolder files = SafetensorsFolder.read(folder);
        Path name = folder.toAbsolutePath().normalize().getFileName();
        model.describe(name == null ? "model" : name.toString());
        HuggingFaceTokenizer.read(folder, model.config).describe(model.metadata);
        model.pick(files);
        VectorFiles vectors = VectorFiles.read(folder, model.config, model.family.architecture());
        model.metadata.putAll(vectors.keys());
        model.tensors.addAll(vectors.tensors());
        return new Found(
                new ModelOutline(folder.toString(), model.metadata, model.tensors),
                format(files),
                List.copyOf(model.leftOut));
    }

    /**
     * The model of a config.json with every tensor that must be there, from another source, and no tokenizer.
     *
     * @param vocab number of tokens, whatever config.json says
     * @param source of each tensor, by its GGUF name and dimensions
     */
    public static ModelOutline outline(Path configFile, int vocab, TensorSource source) {
        HuggingFaceModel model =
                new HuggingFaceModel(ModelConfig.read(configFile).withVocab(vocab));
        model.describe("random " + model.family.architecture());
        boolean tied = model.family.isTied(model.config);
        for (int l = -1; l < model.config.layers(); l++) {
            for (TensorRule rule : model.family.tensors(model.config)) {
                boolean there = rule.need() == TensorRule.Need.REQUIRED
                        || (rule.need() == TensorRule.Need.UNLESS_TIED && !tied);
                if (there && model.isIn(rule, l)) {
                    long[] dims = RuleRows.dims(model.config.in(l), rule);
                    model.tensors.add(new ModelOutline.Tensor(rule.target(l), dims, source.of(rule.target(l), dims)));
                }
            }
        }
        model.addFactors();
        return new ModelOutline(configFile.toString(), model.metadata, model.tensors);
    }

    /** Gives numbers to tensors. */
    @FunctionalInterface
    public interface TensorSource {
        RowSource of(String name, long[] dims);
    }

    /** The type in which most models keep everything decides: that of the first tensor. */
    private static FormatMix format(SafetensorsFolder files) {
        String dtype = files.require(files.names().iterator().next()).dtype();
        return switch (dtype) {
            case "F32" -> FormatMix.F32;
            case "F16" -> FormatMix.F16;
            default -> FormatMix.BF16;
        };
    }

    private void describe(String name) {
        String a = family.architecture() + ".";
        metadata.put("general.architecture", GgufValue.of(family.architecture()));
        metadata.put("general.type", GgufValue.of("model"));
        metadata.put("general.name", GgufValue.of(name));
        metadata.put(a + "block_count", GgufValue.ofUint32(config.layers()));
        metadata.put(a + "context_length", GgufValue.ofUint32(config.context()));
        metadata.put(a + "embedding_length", GgufValue.ofUint32(config.width()));
        metadata.put(a + "feed_forward_length", GgufValue.ofUint32(config.ffWidth()));
        metadata.put(a + "attention.head_count", GgufValue.ofUint32(config.heads()));
        metadata.put(a + "attention.head_count_kv", GgufValue.ofUint32(config.kvHeads()));
        metadata.put(
                a + (family.isLayerNorm() ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
                GgufValue.of((float) config.json().requireDouble(family.epsilonKey())));
        metadata.put(a + "vocab_size", GgufValue.ofUint32(config.vocab()));
        if (config.json().has("head_dim")) {
            metadata.put(a + "attention.key_length", GgufValue.ofUint32(config.headDim()));
            metadata.put(a + "attention.value_length", GgufValue.ofUint32(config.headDim()));
        }
        Map<String, GgufValue> more = new LinkedHashMap<>();
        if (family.isRotary()) {
            more.put("rope.dimension_count", GgufValue.ofUint32(config.ropeDims()));
            more.put("rope.freq_base", GgufValue.of((float) config.ropeTheta()));
            more.putAll(RopeKeys.of(config, family.ropeKeys()).keys());
        }
        family.addKeys(config, more);
        more.forEach((key, value) -> metadata.put(a + key, value));
    }

    private void pick(SafetensorsFolder files) {
        Set<String> understood = new HashSet<>();
        boolean tied = family.isTied(config);
        for (int l = -1; l < config.layers(); l++) {
            for (TensorRule rule : family.tensors(config)) {
                if (isIn(rule, l)) {
                    RuleRows.sources(config, rule, l).forEach(name -> understand(files, name, understood));
                    boolean there = rule.need() == TensorRule.Need.OPTIONAL
                            ? files.has(rule.source(l, 0))
                            : rule.need() == TensorRule.Need.REQUIRED || !tied;
                    if (there) {
                        tensors.add(new ModelOutline.Tensor(
                                rule.target(l),
                                RuleRows.dims(config.in(l), rule),
                                RuleRows.of(config.in(l), files, rule, l)));
                    }
                }
            }
        }
        addFactors();
        for (String name : files.names()) {
            if (OTHER_PARTS.matcher(name).matches() || isOfGuesses(name) || family.leavesOutTensor(name)) {
                leftOut.add(name);
            } else if (!understood.contains(name) && !HARMLESS.matcher(name).matches()) {
                throw new BadInputException(files.fileOf(name) + ": tensor '" + name + "' is not supported for "
                        + config.architecture() + " and may change the results");
            }
        }
    }

    /** Layers behind the last one guess several tokens at once. */
    private boolean isOfGuesses(String name) {
        Matcher layer = LAYER.matcher(name);
        int more = config.json().findInt("num_nextn_predict_layers").orElse(0);
        return layer.lookingAt()
                && Integer.parseInt(layer.group(1)) >= config.layers()
                && Integer.parseInt(layer.group(1)) < config.layers() + more;
    }

    private boolean isIn(TensorRule rule, int layer) {
        if (rule.isInLayers() != layer >= 0) {
            return false;
        }
        return switch (rule.where()) {
            case ALL_LAYERS -> true;
            case ATTENTION -> config.hasAttention(layer);
            case MIXER -> !config.hasAttention(layer);
            case DENSE -> layer < config.leadingDense();
            case EXPERTS -> layer >= config.leadingDense();
            case OWN_KEYS -> config.in(layer).hasKeys();
            case OWN_VALUES -> config.in(layer).hasValues();
            case NO_KEYS -> !config.in(layer).hasKeys();
        };
    }

    private static void understand(SafetensorsFolder files, String name, Set<String> understood) {
        understood.add(files.resolve(name));
        if (Mxfp4Rows.isStored(files, name)) {
            understood.add(files.resolve(Mxfp4Rows.blocks(name)));
            understood.add(files.resolve(Mxfp4Rows.scales(name)));
        }
    }

    private void addFactors() {
        RopeKeys.of(config, family.ropeKeys())
                .factors()
                .forEach((name, values) -> tensors.add(new ModelOutline.Tensor(
                        name, new long[] {values.length}, (row, target, scratch) -> target.put(values))));
    }
}
