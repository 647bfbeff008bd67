package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_decoder_options;
import dev.chaku.internal.core.binding.generated.chaku_engine;
import dev.chaku.internal.core.binding.generated.chaku_expert_options;
import dev.chaku.internal.core.binding.generated.chaku_latent_options;
import dev.chaku.internal.core.binding.generated.chaku_layer_input_options;
import dev.chaku.internal.core.binding.generated.chaku_layer_options;
import dev.chaku.internal.core.binding.generated.chaku_mixer_options;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_rope_options;
import dev.chaku.internal.core.binding.generated.chaku_tensor_options;
import dev.chaku.internal.engine.DecoderOptions;
import dev.chaku.internal.engine.ExpertOptions;
import dev.chaku.internal.engine.LatentOptions;
import dev.chaku.internal.engine.LayerInputOptions;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.MixerOptions;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.VectorOptions;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.FileNames;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;

/** A decoder that is being filled. Single-threaded; {@link #seal} ends it, {@link #close} gives it up. */
final class NativeModelBuilder extends NativeHandle<chaku_model> {
    private final DecoderOptions decoder;

    private NativeModelBuilder(chaku_model pointer, DecoderOptions decoder) {
        super("model builder", pointer, chaku::chaku_model_free);
        this.decoder = decoder;
    }

    /** Begins a decoder without layers or tensors. */
    public static NativeModelBuilder create(NativeEngine engine, DecoderOptions decoder) {
        chaku_engine enginePointer = engine.enter();
        try (chaku_decoder_options options = new chaku_decoder_options()) {
            options.size(options.sizeof())
                    .n_layers(decoder.layers())
                    .width(decoder.width())
                    .vocab_size(decoder.vocabSize())
                    .norm_epsilon(decoder.normEpsilon())
                    .embedding_scale(decoder.embeddingScale())
                    .residual_scale(decoder.residualScale())
                    .logit_scale(decoder.logitScale())
                    .norm_kind(Ids.normKind(decoder))
                    .logit_soft_cap(decoder.logitSoftCap())
                    .query_temperature(decoder.queryTemperature())
                    .query_temperature_length(decoder.queryTemperatureLength());
            chaku_model out = new chaku_model();
            Status.check(chaku.chaku_model_create(enginePointer, options, out));
            return new NativeModelBuilder(out, decoder);
        } finally {
            engine.leave();
        }
    }

    /**
     * Adds a rotation.
     *
     * @return its index, for {@link LayerOptions#rope}
     */
    int addRope(RopeSpec rope) {
        double[] inverseFrequencies = rope.inverseFrequencies();
        chaku_model model = enterExclusive();
        try (chaku_rope_options options = new chaku_rope_options()) {
            options.size(options.sizeof())
                    .pairing(Ids.of(rope.pairing()))
                    .n_dims(rope.longAfter() > 0 ? inverseFrequencies.length : 2 * inverseFrequencies.length)
                    .magnitude(rope.magnitude())
                    .long_after(rope.longAfter());
            DoubleBuffer frequencies = DirectBuffers.of(inverseFrequencies);
            IntBuffer out = DirectBuffers.ints(1);
            Status.check(chaku.chaku_model_add_rope(model, options, frequencies, out), "rope");
            return out.get(0);
        } finally {
            leaveExclusive();
        }
    }

    public void setLayer(int layer, LayerOptions values) {
        chaku_model model = enterExclusive();
        try (chaku_layer_options options = new chaku_layer_options()) {
            options.size(options.sizeof())
                    .n_heads(values.heads())
                    .n_kv_heads(values.kvHeads())
                    .head_dim(values.headDim())
                    .ff_width(values.ffWidth())
                    .activation(Ids.activation(values))
                    .window(values.window())
                    .rope(values.rope())
                    .attention_scale(values.attentionScale())
                    .attention_soft_cap(values.attentionSoftCap())
                    .alibi_bias(values.alibiBias())
                    .flags(Ids.flags(values));
            Status.check(chaku.chaku_model_set_layer(model, layer, options), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    /** Makes a layer that is set one of experts. */
    public void setExperts(int layer, ExpertOptions values) {
        chaku_model model = enterExclusive();
        try (chaku_expert_options options = new chaku_expert_options()) {
            options.size(options.sizeof())
                    .n_experts(values.experts())
                    .n_used(values.used())
                    .ff_width(values.ffWidth())
                    .shared_ff_width(values.sharedFfWidth())
                    .gating(Ids.of(values.gating()))
                    .normalize(values.normalize() ? 1 : 0)
                    .weights_scale(values.weightsScale())
                    .n_groups(values.groups())
                    .n_groups_used(values.groupsUsed());
            Status.check(chaku.chaku_model_set_experts(model, layer, options), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    /** Gives a layer that is set attention over latents. */
    public void setLatent(int layer, LatentOptions values) {
        chaku_model model = enterExclusive();
        try (chaku_latent_options options = new chaku_latent_options()) {
            options.size(options.sizeof())
                    .q_rank(values.queryRank())
                    .kv_rank(values.rank())
                    .plain_dim(values.plainDim())
                    .rope_dim(values.ropeDim())
                    .value_dim(values.valueDim());
            Status.check(chaku.chaku_model_set_latent(model, layer, options), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    /** From now on a layer that is set reads the keys and values of an earlier one. */
    public void setKeySource(int layer, int source) {
        chaku_model model = enterExclusive();
        try {
            Status.check(chaku.chaku_model_set_kv_source(model, layer, source), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    /** Multiplies the residual stream behind a layer that is set. */
    public void setOutputScale(int layer, float scale) {
        chaku_model model = enterExclusive();
        try {
            Status.check(chaku.chaku_model_set_output_scale(model, layer, scale), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    /** Gives all layers inputs of their own. */
    public void setLayerInputs(LayerInputOptions values) {
        chaku_model model = enterExclusive();
        try (chaku_layer_input_options options = new chaku_layer_input_options()) {
            options.size(options.sizeof())
                    .width(values.width())
                    .table_scale(values.tableScale())
                    .projection_scale(values.projectionScale())
                    .scale(values.scale());
            Status.check(chaku.chaku_model_set_layer_inputs(model, options));
        } finally {
            leaveExclusive();
        }
    }

    /** Gives a layer that is set a running memory in place of attention. */
    public void setMixer(int layer, MixerOptions values) {
        chaku_model model = enterExclusive();
        try (chaku_mixer_options options = new chaku_mixer_options()) {
            options.size(options.sizeof())
                    .kind(values.isDeltaRule() ? chaku.CHAKU_MIXER_DELTA_RULE : chaku.CHAKU_MIXER_SHORT_CONVOLUTION)
                    .taps(values.taps())
                    .n_key_heads(values.keyHeads())
                    .n_value_heads(values.valueHeads())
                    .key_dim(values.keyDim())
                    .value_dim(values.valueDim())
                    .tiled(values.tiled() ? 1 : 0);
            Status.check(chaku.chaku_model_set_mixer(model, layer, options), "layer " + layer);
        } finally {
            leaveExclusive();
        }
    }

    void setHead(VectorOptions.Activation activation) {
        chaku_model model = enterExclusive();
        try {
            Status.check(chaku.chaku_model_set_head(model, Ids.of(activation)), "head");
        } finally {
            leaveExclusive();
        }
    }

    /**
     * Maps a file read-only.
     *
     * @param fileBytes the size that was validated; another one now is an error
     * @return its index, for {@link #setMapped}
     */
    public int mapFile(Path path, long fileBytes) {
        chaku_model model = enterExclusive();
        // The bytes of the name as the file system has them, closed by a zero byte.
        try (BytePointer name = new BytePointer(path.toAbsolutePath() + "\0", FileNames.CHARSET)) {
            IntBuffer out = DirectBuffers.ints(1);
            Status.check(chaku.chaku_model_map_file(model, name, fileBytes, out), path.toString());
            return out.get(0);
        } finally {
            leaveExclusive();
        }
    }

    /** Uses a tensor in place, at an offset of a mapped file. */
    public void setMapped(TensorSlot slot, int file, long offset) {
        chaku_model model = enterExclusive();
        try (chaku_tensor_options options = struct(slot)) {
            Status.check(chaku.chaku_model_set_tensor_mapped(model, options, file, offset), slot.name());
        } finally {
            leaveExclusive();
        }
    }

    /** Copies the bytes that remain in a direct buffer; its position stays. */
    public void setData(TensorSlot slot, ByteBuffer data) {
        DirectBuffers.requireDirect(data);
        chaku_model model = enterExclusive();
        try (chaku_tensor_options options = struct(slot)) {
            ByteBuffer bytes = data.slice();
            Status.check(
                    chaku.chaku_model_set_tensor_data(model, options, new BytePointer(bytes), bytes.remaining()),
                    slot.name());
        } finally {
            leaveExclusive();
        }
    }

    /** Fills a tensor with reproducible N(mean, deviation) values in its format. */
    public void setRandom(TensorSlot slot, float mean, float deviation, long seed) {
        chaku_model model = enterExclusive();
        try (chaku_tensor_options options = struct(slot)) {
            Status.check(chaku.chaku_model_set_tensor_random(model, options, mean, deviation, seed), slot.name());
        } finally {
            leaveExclusive();
        }
    }

    /**
     * Checks that everything required is there and ends the building: this builder is closed afterwards.
     *
     * @param search for a weight that is not finite, see {@link NativeModel#faultyWeight}
     */
    public NativeModel seal(Supplier<Optional<String>> search) {
        chaku_model model = enterExclusive();
        try {
            Status.check(chaku.chaku_model_seal(model));
        } finally {
            leaveExclusive();
        }
        return new NativeModel(detach(), decoder, search);
    }

    private static chaku_tensor_options struct(TensorSlot slot) {
        chaku_tensor_options options = new chaku_tensor_options();
        return options.size(options.sizeof())
                .module(slot.module())
                .kind(slot.kind())
                .layer(slot.layer())
                .dtype(slot.dtype())
                .rows(slot.rows())
                .columns(slot.columns());
    }
}
