package dev.chaku.internal.arch;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * In what decoder families differ. It starts as the llama kind: RMSNorm before each half block, rotary positions, a
 * SiLU gate, no biases. A family makes one for each file, changes what is different in its parts, and hands it to
 * {@link DecoderReader}. Not thread-safe.
 */
public final class DecoderTraits {
    /** Whether both half blocks read the layer's input. */
    public enum Parallel {
        NEVER,
        ALWAYS,
        /** Where a layer has no norm before the feed-forward; the key {@code use_parallel_residual} must agree. */
        WITHOUT_FFN_NORM,
        /** As the key {@code use_parallel_residual} says; if it says nothing, they do. */
        BY_KEY
    }

    /** Optional keys that a family understands. */
    public enum Feature {
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

    private boolean encoder;
    private Presence types = Presence.NONE;
    private final HeadTraits head = new HeadTraits();
    private final PositionTraits positions;
    private final NormTraits norms = new NormTraits();
    private final AttentionTraits attention = new AttentionTraits();
    private final FeedForwardTraits feedForward = new FeedForwardTraits();
    private @Nullable ExpertTraits experts;
    private @Nullable MixerKind mixer;
    private Parallel parallel = Parallel.NEVER;
    private Presence headBias = Presence.NONE;
    private boolean embeddingByWidth;
    private boolean layerInputs;
    private boolean layerScales;
    private List<String> harmless = List.of();
    private final Set<Feature> features = EnumSet.noneOf(Feature.class);
    private final Map<DecoderModule, String> names = new EnumMap<>(DecoderModule.class);

    private DecoderTraits(RopeSpec.@Nullable Pairing pairing) {
        positions = new PositionTraits(pairing);
    }

    /** Of the llama kind. */
    public static DecoderTraits rotating(RopeSpec.Pairing pairing) {
        return new DecoderTraits(pairing);
    }

    /** Of the llama kind but for positions. */
    public static DecoderTraits withoutRotation() {
        return new DecoderTraits(null);
    }

    public DecoderTraits positions(Consumer<PositionTraits> change) {
        change.accept(positions);
        return this;
    }

    PositionTraits positions() {
        return positions;
    }

    public DecoderTraits norms(Consumer<NormTraits> change) {
        change.accept(norms);
        return this;
    }

    NormTraits norms() {
        return norms;
    }

    public DecoderTraits attention(Consumer<AttentionTraits> change) {
        change.accept(attention);
        return this;
    }

    AttentionTraits attention() {
        return attention;
    }

    public DecoderTraits feedForward(Consumer<FeedForwardTraits> change) {
        change.accept(feedForward);
        return this;
    }

    FeedForwardTraits feedForward() {
        return feedForward;
    }

    /** There are layers of experts. */
    public DecoderTraits experts(ExpertTraits newExperts) {
        experts = newExperts;
        return this;
    }

    @Nullable
    ExpertTraits experts() {
        return experts;
    }

    /** Some layers have a running memory in place of attention. */
    public DecoderTraits mixer(MixerKind kind) {
        mixer = kind;
        return this;
    }

    @Nullable
    MixerKind mixer() {
        return mixer;
    }

    public DecoderTraits parallel(Parallel kind) {
        parallel = kind;
        return this;
    }

    Parallel parallel() {
        return parallel;
    }

    /** A bias of the logits. */
    public DecoderTraits headBias(Presence presence) {
        headBias = presence;
        return this;
    }

    Presence headBias() {
        return headBias;
    }

    /** Tokens see those behind them: it gives vectors, and neither generates nor is trained. */
    public DecoderTraits encoder() {
        encoder = true;
        return this;
    }

    boolean isEncoder() {
        return encoder;
    }

    /** Types of tokens are embedded. */
    public DecoderTraits types(Presence presence) {
        types = presence;
        return this;
    }

    Presence types() {
        return types;
    }

    /** What follows a pooled row. */
    public DecoderTraits head(Consumer<HeadTraits> change) {
        change.accept(head);
        return this;
    }

    HeadTraits head() {
        return head;
    }

    /** The embedding is multiplied by the square root of the width. */
    public DecoderTraits scaleEmbeddingByWidth() {
        embeddingByWidth = true;
        return this;
    }

    boolean scalesEmbeddingByWidth() {
        return embeddingByWidth;
    }

    /** Layers may have inputs of their own. */
    public DecoderTraits layerInputs() {
        layerInputs = true;
        return this;
    }

    boolean mayHaveLayerInputs() {
        return layerInputs;
    }

    /** The stream behind a layer may be multiplied by a number of the layer. */
    public DecoderTraits layerScales() {
        layerScales = true;
        return this;
    }

    boolean mayHaveLayerScales() {
        return layerScales;
    }

    /** Keys that change no number of a text, whatever they say. */
    public DecoderTraits harmless(String... keys) {
        harmless = List.of(keys);
        return this;
    }

    List<String> harmless() {
        return harmless;
    }

    public DecoderTraits understands(Feature... more) {
        features.addAll(Set.of(more));
        return this;
    }

    boolean has(Feature feature) {
        return features.contains(feature);
    }

    /** A module's tensors have another name than usual. */
    public DecoderTraits rename(DecoderModule module, String name) {
        names.put(module, name);
        return this;
    }

    Map<DecoderModule, String> names() {
        return names;
    }
}
