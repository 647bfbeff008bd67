package dev.chaku.internal.arch;

import dev.chaku.internal.LayerOptions;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * In what decoder families differ. It starts as the llama kind: RMSNorm before each half block, rotary positions, a
 * SiLU gate, no biases. A family makes one for each file, changes what is different, and hands it to
 * {@link DenseDecoder}.
 */
final class DenseTraits {
    /** Whether tensors are there. */
    enum Presence {
        NONE,
        OPTIONAL,
        REQUIRED
    }

    /** What the norm of queries and keys spans. */
    enum HeadNorm {
        /** Each head, with the same weights. */
        HEAD,
        /** Each head, with weights of its own. */
        HEAD_WITH_OWN_WEIGHTS,
        /** All heads as one vector. */
        ALL_HEADS
    }

    /** Whether both half blocks read the layer's input. */
    enum Parallel {
        NEVER,
        ALWAYS,
        /** Where a layer has no norm before the feed-forward; the key {@code use_parallel_residual} must agree. */
        WITHOUT_FFN_NORM,
        /** As the key {@code use_parallel_residual} says; if it says nothing, they do. */
        BY_KEY
    }

    /** What some layers have in place of attention. */
    enum Mixer {
        /** Short convolutions, in layers without key heads. */
        SHORT_CONVOLUTION,
        /**
         * The gated delta rule, but for each {@code full_attention_interval}th layer; value heads next to each other
         * share.
         */
        DELTA_RULE,
        /** The same; value heads share a key head with those a multiple of Hk away. */
        DELTA_RULE_TILED
    }

    /** Optional keys that a family understands. */
    enum Feature {
        /** {@code logit_scale} multiplies the logits. */
        LOGIT_SCALE,
        /** {@code logit_scale} divides the logits. */
        LOGIT_DIVISOR,
        EMBEDDING_SCALE,
        RESIDUAL_SCALE,
        LOGIT_SOFT_CAP,
        ATTENTION_SOFT_CAP,
        QUERY_TEMPERATURE,
        /**
         * {@code rope.scaling.finetuned} false means that nothing is rotated; elsewhere it says how the model was made.
         */
        ROPE_SWITCH
    }

    /** Which rope a layer has: 0 the file's, 1 the local one, -1 none. */
    interface RopeChoice {
        int of(int layer, boolean windowed, boolean anyWindow);
    }

    /** What multiplies q.k, unless the file says. */
    interface AttentionScale {
        double of(int headDim, int width, int heads, int layers);
    }

    static final double SAME_BASE = 0;

    private final RopeSpec.@Nullable Pairing pairing;
    private Presence qkvBias = Presence.NONE;
    private Presence outputBias = Presence.NONE;
    private Presence ffnBias = Presence.NONE;
    private Presence headBias = Presence.NONE;
    private boolean layerNorm;
    private Presence normBias = Presence.NONE;
    private Presence attnNorm = Presence.REQUIRED;
    private Presence ffnNorm = Presence.REQUIRED;
    private Presence postNorms = Presence.NONE;
    private HeadNorm headNorm = HeadNorm.HEAD;
    private Presence headNorms = Presence.NONE;
    private boolean normAfterRope;
    private boolean gated = true;
    private int activation = LayerOptions.SILU;
    private boolean fusedQkv;
    private boolean fusedGateUp;
    private Parallel parallel = Parallel.NEVER;
    private @Nullable IntPredicate windows;
    private RopeChoice ropes = (layer, windowed, anyWindow) -> 0;
    private OptionalDouble localBase = OptionalDouble.empty();
    private boolean positions;
    private boolean embeddingNorm;
    private double alibiBias;
    private boolean embeddingByWidth;
    private AttentionScale attentionScale = (headDim, width, heads, layers) -> 1 / Math.sqrt(headDim);
    private @Nullable ExpertTraits experts;
    private boolean sinks;
    private @Nullable Mixer mixer;
    private boolean gatedQueries;
    private List<String> harmless = List.of();
    private final Set<Feature> features = EnumSet.noneOf(Feature.class);
    private final Map<DecoderModule, String> names = new EnumMap<>(DecoderModule.class);

    /** Of the llama kind; null for no rotation. */
    DenseTraits(RopeSpec.@Nullable Pairing pairing) {
        this.pairing = pairing;
    }

    RopeSpec.@Nullable Pairing pairing() {
        return pairing;
    }

    /** Biases of query, key and value; of the attention's output; of gate, up and down. */
    DenseTraits biases(Presence qkv, Presence output, Presence ffn) {
        qkvBias = qkv;
        outputBias = output;
        ffnBias = ffn;
        return this;
    }

    Presence qkvBias() {
        return qkvBias;
    }

    Presence outputBias() {
        return outputBias;
    }

    Presence ffnBias() {
        return ffnBias;
    }

    /** A bias of the logits. */
    DenseTraits headBias(Presence presence) {
        headBias = presence;
        return this;
    }

    Presence headBias() {
        return headBias;
    }

    /** LayerNorm in place of RMSNorm, with biases or not. */
    DenseTraits layerNorm(Presence biases) {
        layerNorm = true;
        normBias = biases;
        return this;
    }

    boolean hasLayerNorm() {
        return layerNorm;
    }

    Presence normBias() {
        return normBias;
    }

    /** Norms before the half blocks, and of what they add. */
    DenseTraits norms(Presence attn, Presence ffn, Presence post) {
        attnNorm = attn;
        ffnNorm = ffn;
        postNorms = post;
        return this;
    }

    Presence attnNorm() {
        return attnNorm;
    }

    Presence ffnNorm() {
        return ffnNorm;
    }

    Presence postNorms() {
        return postNorms;
    }

    /** Norms of queries and keys, without biases. */
    DenseTraits headNorms(Presence presence, HeadNorm kind) {
        headNorms = presence;
        headNorm = kind;
        return this;
    }

    Presence headNorms() {
        return headNorms;
    }

    HeadNorm headNorm() {
        return headNorm;
    }

    /** Queries and keys are normed after the rotation. */
    DenseTraits normAfterRope() {
        normAfterRope = true;
        return this;
    }

    boolean normsAfterRope() {
        return normAfterRope;
    }

    /** The activation of the gate. */
    DenseTraits gate(int newActivation) {
        activation = newActivation;
        return this;
    }

    /** A feed-forward without a gate: the activation is that of the up projection. */
    DenseTraits ungated(int newActivation) {
        gated = false;
        return gate(newActivation);
    }

    boolean isGated() {
        return gated;
    }

    int activation() {
        return activation;
    }

    /** Files may hold query, key and value in one tensor. */
    DenseTraits fusedQkv() {
        fusedQkv = true;
        return this;
    }

    boolean mayFuseQkv() {
        return fusedQkv;
    }

    /** Files hold gate and up in one tensor, called {@code ffn_up}. */
    DenseTraits fusedGateUp() {
        fusedGateUp = true;
        return this;
    }

    boolean fusesGateUp() {
        return fusedGateUp;
    }

    DenseTraits parallel(Parallel kind) {
        parallel = kind;
        return this;
    }

    Parallel parallel() {
        return parallel;
    }

    /**
     * {@code attention.sliding_window} holds for these layers. Without this, a window shorter than the context is
     * refused.
     */
    DenseTraits windows(IntPredicate layers) {
        windows = layers;
        return this;
    }

    @Nullable
    IntPredicate windows() {
        return windows;
    }

    DenseTraits ropes(RopeChoice choice) {
        ropes = choice;
        return this;
    }

    RopeChoice ropes() {
        return ropes;
    }

    /** There is a second rope, of windowed layers, without scaling: of this base, unless the file says. */
    DenseTraits localRope(double usualBase) {
        localBase = OptionalDouble.of(usualBase);
        return this;
    }

    /** The same with the base of the first. */
    DenseTraits localRopeOfSameBase() {
        localBase = OptionalDouble.of(SAME_BASE);
        return this;
    }

    /** The usual base of the second rope, {@link #SAME_BASE} for that of the first; nothing where there is none. */
    OptionalDouble localBase() {
        return localBase;
    }

    /** Positions are embedded. */
    DenseTraits positions() {
        positions = true;
        return this;
    }

    boolean embedsPositions() {
        return positions;
    }

    /** The embedding is normed. */
    DenseTraits embeddingNorm() {
        embeddingNorm = true;
        return this;
    }

    boolean normsEmbedding() {
        return embeddingNorm;
    }

    /** Scores fall with distance; the bias where {@code attention.max_alibi_bias} is not given. */
    DenseTraits alibi(double usualBias) {
        alibiBias = usualBias;
        return this;
    }

    /** 0 for none. */
    double alibiBias() {
        return alibiBias;
    }

    /** The embedding is multiplied by the square root of the width. */
    DenseTraits scaleEmbeddingByWidth() {
        embeddingByWidth = true;
        return this;
    }

    boolean scalesEmbeddingByWidth() {
        return embeddingByWidth;
    }

    DenseTraits attentionScale(AttentionScale scale) {
        attentionScale = scale;
        return this;
    }

    AttentionScale attentionScale() {
        return attentionScale;
    }

    /** There are layers of experts. */
    DenseTraits experts(ExpertTraits newExperts) {
        experts = newExperts;
        return this;
    }

    @Nullable
    ExpertTraits experts() {
        return experts;
    }

    /** Each attention head has a score without a value. */
    DenseTraits sinks() {
        sinks = true;
        return this;
    }

    boolean hasSinks() {
        return sinks;
    }

    /** Some layers have a running memory in place of attention. */
    DenseTraits mixer(Mixer kind) {
        mixer = kind;
        return this;
    }

    @Nullable
    Mixer mixer() {
        return mixer;
    }

    /** Each query head is followed by as many gates. */
    DenseTraits gatedQueries() {
        gatedQueries = true;
        return this;
    }

    boolean hasGatedQueries() {
        return gatedQueries;
    }

    /** Keys that change no number of a text, whatever they say. */
    DenseTraits harmless(String... keys) {
        harmless = List.of(keys);
        return this;
    }

    List<String> harmless() {
        return harmless;
    }

    DenseTraits understands(Feature... more) {
        features.addAll(Set.of(more));
        return this;
    }

    boolean has(Feature feature) {
        return features.contains(feature);
    }

    /** A module's tensors have another name than usual. */
    DenseTraits rename(DecoderModule module, String name) {
        names.put(module, name);
        return this;
    }

    Map<DecoderModule, String> names() {
        return names;
    }
}
