package dev.chaku.internal.arch;

import static dev.chaku.internal.engine.TensorSpec.Kind.BIAS;

import dev.chaku.internal.arch.TensorTable.Part;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import java.util.List;

/** Picks a decoder's tensors as its family's traits say. */
final class DecoderTensors {
    private final TensorTable tensors;
    private final DecoderTraits traits;
    private final long width;

    DecoderTensors(TensorTable tensors, DecoderTraits traits, long width) {
        this.tensors = tensors;
        this.traits = traits;
        this.width = width;
        traits.names().forEach(tensors::rename);
    }

    /** What stands outside layers; returns how many positions are embedded, 0 where none are. */
    int pickGlobals(int vocabSize) {
        tensors.matrix(DecoderModule.TOKEN_EMBEDDING.at(-1), vocabSize, width);
        long positions =
                traits.positions().areEmbedded() ? tensors.rows(DecoderModule.POSITION_EMBEDDING.at(-1), width) : 0;
        if (traits.norms().hasEmbedding()) {
            norm(DecoderModule.EMBEDDING_NORM.at(-1), Presence.REQUIRED);
        }
        if (traits.types() == Presence.REQUIRED
                || traits.types() == Presence.OPTIONAL && tensors.has(DecoderModule.TYPE_EMBEDDING.at(-1))) {
            tensors.rows(DecoderModule.TYPE_EMBEDDING.at(-1), width);
        }
        norm(DecoderModule.OUTPUT_NORM.at(-1), traits.norms().areOfSums() ? Presence.NONE : Presence.REQUIRED);
        tensors.findMatrix(DecoderModule.OUTPUT.at(-1), vocabSize, width);
        tensors.vector(DecoderModule.OUTPUT.at(-1), BIAS, traits.headBias(), vocabSize);
        return (int) Math.min(Integer.MAX_VALUE, positions);
    }

    void pickLayer(int l, LayerOptions layer) {
        norm(DecoderModule.ATTN_NORM.at(l), traits.norms().attn());
        norm(DecoderModule.ATTN_POST_NORM.at(l), traits.norms().post());
        norm(DecoderModule.FFN_NORM.at(l), traits.norms().ffn());
        norm(DecoderModule.FFN_POST_NORM.at(l), traits.norms().post());
        if (layer.mixer() == null && layer.latent() == null) {
            pickAttention(l, layer);
        }
    }

    private void pickAttention(int l, LayerOptions layer) {
        long queries = (long) layer.heads() * layer.headDim();
        long keysAndValues = (long) layer.kvHeads() * layer.headDim();
        String fused = "blk." + l + ".attn_qkv";
        if (traits.attention().mayFuse() && tensors.has(fused + ".weight")) {
            List<Part> parts = List.of(
                    new Part(DecoderModule.ATTN_Q.at(l), queries),
                    new Part(DecoderModule.ATTN_K.at(l), keysAndValues),
                    new Part(DecoderModule.ATTN_V.at(l), keysAndValues));
            tensors.fused(fused, width, parts, traits.attention().qkvBias());
        } else {
            product(
                    DecoderModule.ATTN_Q.at(l),
                    layer.hasGatedQuery() ? 2 * queries : queries,
                    width,
                    traits.attention().qkvBias());
            pickKeysAndValues(l, layer, keysAndValues);
        }
        product(
                DecoderModule.ATTN_OUTPUT.at(l),
                width,
                queries,
                traits.attention().outputBias());
        headNorm(DecoderModule.ATTN_Q_NORM.at(l), layer.heads(), layer.headDim());
        if (layer.hasKeys()) {
            headNorm(DecoderModule.ATTN_K_NORM.at(l), layer.kvHeads(), layer.headDim());
        } else {
            tensors.leaveOut(DecoderModule.ATTN_K_NORM.at(l));
        }
    }

    private void pickKeysAndValues(int l, LayerOptions layer, long rows) {
        Presence bias = traits.attention().qkvBias();
        if (layer.hasKeys()) {
            product(DecoderModule.ATTN_K.at(l), rows, width, bias);
        } else {
            tensors.leaveOut(DecoderModule.ATTN_K.at(l));
            tensors.leaveOut(DecoderModule.ATTN_V.at(l));
        }
        if (layer.hasKeys() && !layer.hasKeysAsValues()) {
            product(DecoderModule.ATTN_V.at(l), rows, width, bias);
        }
    }

    void pickFeedForward(int l, int ffWidth) {
        if (traits.feedForward().isFused()) {
            List<Part> parts = List.of(
                    new Part(DecoderModule.FFN_GATE.at(l), ffWidth), new Part(DecoderModule.FFN_UP.at(l), ffWidth));
            tensors.fused(
                    "blk." + l + ".ffn_up", width, parts, traits.feedForward().bias());
        } else {
            if (traits.feedForward().isGated()) {
                product(
                        DecoderModule.FFN_GATE.at(l),
                        ffWidth,
                        width,
                        traits.feedForward().bias());
            }
            product(
                    DecoderModule.FFN_UP.at(l),
                    ffWidth,
                    width,
                    traits.feedForward().bias());
        }
        product(
                DecoderModule.FFN_DOWN.at(l),
                width,
                ffWidth,
                traits.feedForward().downBias());
    }

    private void norm(DecoderModule.Place place, Presence presence) {
        tensors.norm(place, presence, 1, width, traits.norms().bias());
    }

    private void headNorm(DecoderModule.Place place, long heads, long headDim) {
        boolean own = traits.norms().headNorm() == NormTraits.HeadNorm.HEAD_WITH_OWN_WEIGHTS;
        long columns = traits.norms().headNorm() == NormTraits.HeadNorm.ALL_HEADS ? heads * headDim : headDim;
        tensors.norm(place, traits.norms().heads(), own ? heads : 1, columns, Presence.NONE);
    }

    private void product(DecoderModule.Place place, long rows, long columns, Presence bias) {
        tensors.matrix(place, rows, columns);
        tensors.vector(place, BIAS, bias, rows);
    }
}
