package dev.chaku.internal.arch;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderOptions;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LatentOptions;
import dev.chaku.internal.engine.LayerInputOptions;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.MixerOptions;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.VectorOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Reads a decoder from a file as its family's traits say. Used once. */
public final class DecoderReader {
    /** Far beyond any model: keeps sums and products of sizes within 63 bits. */
    private static final int MOST = 1 << 24;

    private static final int MOST_LAYERS = 4096;
    private static final String WINDOW = "attention.sliding_window";
    private static final String WINDOW_PATTERN = "attention.sliding_window_pattern";
    private static final String PARALLEL = "use_parallel_residual";

    /** Says how the converter stored something that it has undone, or repeats what the tokenizer says. */
    private static final List<String> HARMLESS_KEYS =
            List.of("tensor_data_layout", "rope.scaling.finetuned", "vocab_size");

    /** Precomputed rotations of early converters. */
    private static final Pattern HARMLESS_TENSORS =
            Pattern.compile("blk\\.\\d+\\.(attn_rot_embd|attn\\.rope\\.freqs)(\\.weight)?");

    private final GgufFile file;
    private final String architecture;
    private final DecoderTraits traits;
    private final ArchitectureKeys keys;
    private final TensorTable tensors;

    public DecoderReader(GgufFile file, String architecture, DecoderTraits traits) {
        this.file = file;
        this.architecture = architecture;
        this.traits = traits;
        this.keys = new ArchitectureKeys(file, architecture);
        this.tensors = new TensorTable(file, architecture);
    }

    /** @throws BadInputException if the file says or lacks what the traits do not allow */
    public DecoderSpec map() {
        ExpertLayers experts = new ExpertLayers(keys, tensors, traits.experts());
        boolean causal = keys.bool("attention.causal", !traits.isEncoder());
        if (causal == traits.isEncoder()) {
            throw keys.error("attention.causal", Boolean.toString(!causal), Boolean.toString(causal));
        }
        int layers = keys.count("block_count", MOST_LAYERS);
        int width = keys.count("embedding_length", MOST);
        int context = keys.count("context_length", Integer.MAX_VALUE);
        int[] heads = keys.perLayer("attention.head_count", layers, MOST);
        MixerLayers mixers = new MixerLayers(keys, tensors, traits.mixer());
        int[] kvHeads = mixers.kvHeads(layers, MOST, heads);
        int[] ffWidths = keys.perLayer("feed_forward_length", layers, MOST);
        LatentLayers latents =
                new LatentLayers(keys, tensors, traits.attention().isLatent());
        LatentOptions latent = latents.options();
        int headDim = latent != null ? latent.keyDim() : headDim(width, heads[0]);
        int windowHeadDim = windowHeadDim(headDim);
        boolean[] windowed = windowed(layers, context);
        RopeReader rotation = new RopeReader(keys, tensors, traits, headDim, windowHeadDim, context);
        List<RopeSpec> ropes = ropes(rotation);
        LayerInputs inputs = new LayerInputs(keys, tensors, traits.mayHaveLayerInputs(), layers, width);

        int vocabSize = Math.toIntExact(Math.min(Integer.MAX_VALUE, vocabSize()));
        DecoderOptions decoder = decoderOptions(layers, width, vocabSize, context, inputs.options());
        DecoderTensors picker = new DecoderTensors(tensors, traits, width);
        int positions = picker.pickGlobals(vocabSize);
        inputs.pickGlobals(vocabSize);
        VectorOptions vectors = new VectorReader(keys, tensors, traits).read(width);
        List<LayerOptions> layerOptions = new ArrayList<>();
        for (int l = 0; l < layers; l++) {
            MixerOptions mixer = mixers.options(l, kvHeads[l]);
            int sharing = mixer == null ? kvHeads[l] : 1;
            if (heads[l] % sharing != 0) {
                throw keys.error(
                        "attention.head_count_kv", "a divisor of " + heads[l] + " heads", Integer.toString(kvHeads[l]));
            }
            int own = windowed[l] ? windowHeadDim : headDim;
            int scored = latent != null ? latent.queryDim() : own;
            LayerOptions layer = layer(
                            l,
                            new LayerOptions(heads[l], sharing, own, ffWidths[l]),
                            decoder,
                            windowed,
                            context,
                            ropes.isEmpty(),
                            scored,
                            rotation.scoreScale())
                    .withLatent(latent)
                    .withSource(keySource(l, windowed), layerScale(l))
                    .withExperts(experts.options(l, ffWidths[l]))
                    .withMixer(mixer);
            picker.pickLayer(l, layer);
            inputs.pickLayer(l);
            if (mixer != null) {
                mixers.pick(l, width, mixer);
            }
            if (latent != null) {
                latents.pick(l, width, heads[l], latent);
            }
            pickRest(l, picker, layer, experts);
            layerOptions.add(layer);
        }
        keys.harmless(HARMLESS_KEYS);
        keys.harmless(traits.harmless());
        keys.refuseOthers();
        return new DecoderSpec(
                architecture,
                positions == 0 ? context : Math.min(context, positions),
                decoder,
                ropes,
                layerOptions,
                tensors.finish(HARMLESS_TENSORS),
                vectors);
    }

    /** The layer whose keys and values layer l reads; -1 for its own. */
    private int keySource(int l, boolean[] windowed) {
        int shared = traits.attention().mayShareKeys()
                ? keys.findInt("attention.shared_kv_layers", 0, windowed.length - 1)
                        .orElse(0)
                : 0;
        int first = windowed.length - shared;
        if (l < first) {
            return -1;
        }
        for (int source = first - 1; source >= 0; source--) {
            if (windowed[source] == windowed[l]) {
                return source;
            }
        }
        throw keys.error("attention.shared_kv_layers", "a layer before them that sees as far as layer " + l, "none");
    }

    private float layerScale(int l) {
        return traits.mayHaveLayerScales()
                ? tensors.readNumber("blk." + l + ".layer_output_scale.weight").orElse(1f)
                : 1;
    }

    private int windowHeadDim(int headDim) {
        if (!traits.attention().hasWindowHeads()) {
            return headDim;
        }
        int own = keys.findInt("attention.key_length_swa", 1, MOST).orElse(headDim);
        int values = keys.findInt("attention.value_length_swa", 1, MOST).orElse(own);
        if (values != own) {
            throw keys.error("attention.value_length_swa", "the key length " + own, Integer.toString(values));
        }
        return own;
    }

    private void pickRest(int l, DecoderTensors picker, LayerOptions layer, ExpertLayers experts) {
        if (traits.attention().hasSinks()) {
            tensors.vector(DecoderModule.ATTN_SINKS.at(l), layer.heads());
        }
        if (layer.experts() != null) {
            experts.pick(l, width(), layer.experts());
        } else {
            picker.pickFeedForward(l, layer.ffWidth());
        }
    }

    private int width() {
        return keys.count("embedding_length", MOST);
    }

    private DecoderOptions decoderOptions(
            int layers, int width, int vocabSize, int context, @Nullable LayerInputOptions inputs) {
        boolean layerNorm = traits.norms().isLayerNorm();
        float epsilon =
                keys.requirePositive(layerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon");
        double embeddingScale = optional(Feature.EMBEDDING_SCALE, "embedding_scale", 1);
        double divisor = optional(Feature.LOGIT_DIVISOR, "logit_scale", 1);
        double temperature = optional(Feature.QUERY_TEMPERATURE, "attention.temperature_scale", 0);
        int period = temperature == 0
                ? 0
                : keys.findInt("rope.scaling.original_context_length", 1, Integer.MAX_VALUE)
                        .orElse(context);
        return new DecoderOptions(
                layers,
                width,
                vocabSize,
                epsilon,
                (float) (traits.scalesEmbeddingByWidth() ? Math.sqrt(width) : embeddingScale),
                (float) optional(Feature.RESIDUAL_SCALE, "residual_scale", 1),
                (float) (optional(Feature.LOGIT_SCALE, "logit_scale", 1) / divisor),
                layerNorm ? DecoderOptions.LAYER_NORM : DecoderOptions.RMS_NORM,
                (float) optional(Feature.LOGIT_SOFT_CAP, "final_logit_softcapping", 0),
                (float) temperature,
                period,
                inputs);
    }

    /** A positive number under a key that the family may understand; where it does not, the key is refused later. */
    private double optional(Feature feature, String key, double otherwise) {
        return traits.has(feature) ? keys.findPositive(key).orElse(otherwise) : otherwise;
    }

    private LayerOptions layer(
            int l,
            LayerOptions sizes,
            DecoderOptions decoder,
            boolean[] windowed,
            int context,
            boolean withoutRope,
            int scoredDim,
            double scoreScale) {
        boolean anyWindow = IntStream.range(0, windowed.length).anyMatch(i -> windowed[i]);
        double usual =
                scoreScale * traits.attention().scale().of(scoredDim, decoder.width(), sizes.heads(), decoder.layers());
        int flags = (isParallel(l) ? LayerOptions.PARALLEL : 0)
                | (traits.norms().isAfterRope() ? LayerOptions.NORM_AFTER_ROPE : 0)
                | (traits.attention().hasGatedQueries() ? LayerOptions.GATED_QUERY : 0)
                | (traits.isEncoder() ? LayerOptions.BOTH_WAYS : 0)
                | (traits.norms().areOfSums() ? LayerOptions.NORM_SUMS : 0)
                | valueFlags(l);
        double alibi = traits.positions().alibiBias() == 0
                ? 0
                : keys.findPositive("attention.max_alibi_bias")
                        .orElse(traits.positions().alibiBias());
        return new LayerOptions(
                sizes.heads(),
                sizes.kvHeads(),
                sizes.headDim(),
                sizes.ffWidth(),
                traits.feedForward().activation(),
                windowed[l] ? window(context) : 0,
                withoutRope ? -1 : traits.positions().ropes().of(l, windowed[l], anyWindow),
                (float) keys.findPositive("attention.scale").orElse(usual),
                (float) optional(Feature.ATTENTION_SOFT_CAP, "attn_logit_softcapping", 0),
                (float) alibi,
                flags);
    }

    private int valueFlags(int l) {
        if (!traits.attention().hasNormedValues()) {
            return 0;
        }
        boolean own = tensors.has(DecoderModule.ATTN_V.at(l)) || !tensors.has(DecoderModule.ATTN_K.at(l));
        return own ? LayerOptions.NORM_VALUES : LayerOptions.NORM_VALUES | LayerOptions.VALUES_ARE_KEYS;
    }

    private boolean isParallel(int l) {
        return switch (traits.parallel()) {
            case NEVER -> false;
            case ALWAYS -> true;
            case BY_KEY -> keys.bool(PARALLEL, true);
            case WITHOUT_FFN_NORM -> {
                boolean parallel = !tensors.has(DecoderModule.FFN_NORM.at(l));
                if (keys.bool(PARALLEL, parallel) != parallel) {
                    throw keys.error(
                            PARALLEL,
                            parallel + ", since layer " + l + " has " + (parallel ? "no" : "a") + " ffn_norm",
                            Boolean.toString(!parallel));
                }
                yield parallel;
            }
        };
    }

    private int headDim(int width, int heads) {
        int keyLength = keys.findInt("attention.key_length", 1, MOST).orElse(0);
        int valueLength = keys.findInt("attention.value_length", 1, MOST).orElse(keyLength);
        if (keyLength == 0 && width % heads != 0) {
            throw keys.error("attention.head_count", "a divisor of the width " + width, Integer.toString(heads));
        }
        int headDim = keyLength == 0 ? width / heads : keyLength;
        if (valueLength != 0 && valueLength != headDim) {
            throw keys.error("attention.value_length", "the key length " + headDim, Integer.toString(valueLength));
        }
        return headDim;
    }

    /** The sliding window in tokens; 0 for none, or one that holds every context. */
    private int window(int context) {
        int window = keys.findInt(WINDOW, 0, Integer.MAX_VALUE).orElse(0);
        int seen = traits.isEncoder() ? window / 2 + 1 : window; // of the farthest, the token itself included
        return seen < context ? window : 0;
    }

    /** Which layers are of the kind that sees no more than a window, even where it holds every context. */
    private boolean[] windowed(int layers, int context) {
        boolean[] windowed = new boolean[layers];
        int window = keys.findInt(WINDOW, 0, Integer.MAX_VALUE).orElse(0);
        IntPredicate pattern = traits.positions().windows();
        if (pattern == null) {
            if (window(context) > 0) {
                throw keys.error(WINDOW, "none shorter than the context (" + context + ")", "" + window);
            }
            return windowed;
        }
        Optional<boolean[]> listed = keys.findFlags(WINDOW_PATTERN, layers);
        int period = listed.isPresent()
                ? 0
                : keys.findInt(WINDOW_PATTERN, 1, MOST_LAYERS).orElse(0);
        for (int l = 0; l < layers; l++) {
            boolean own = listed.isPresent()
                    ? listed.get()[l]
                    : period == 0 ? pattern.test(l) : isWindowed(l % period, period);
            windowed[l] = window > 0 && own;
        }
        return windowed;
    }

    private boolean isWindowed(int place, int period) {
        return traits.positions().seesAllFirst() ? place > 0 : place < period - 1;
    }

    private List<RopeSpec> ropes(RopeReader reader) {
        if (traits.positions().pairing() == null) {
            return List.of();
        }
        if (traits.has(Feature.ROPE_SWITCH) && !keys.bool("rope.scaling.finetuned", true)) {
            reader.main(); // its keys are understood: they say nothing
            return List.of();
        }
        return traits.positions().localBase().isPresent()
                ? List.of(reader.main(), reader.local(traits.positions().localBase()))
                : List.of(reader.main());
    }

    private long vocabSize() {
        GgufTensor embedding = file.findTensor("token_embd.weight")
                .orElseThrow(() -> new BadInputException(file.path() + ": tensor token_embd.weight is missing"));
        return embedding.dim(1);
    }
}
