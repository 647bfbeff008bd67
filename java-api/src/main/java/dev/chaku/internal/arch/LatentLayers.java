package dev.chaku.internal.arch;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LatentOptions;
import org.jspecify.annotations.Nullable;

/** Reads what a file says of attention over latents, and picks its tensors. Used once. */
final class LatentLayers {
    private static final int MOST = 1 << 20;
    private static final int MOST_DIM = 1 << 12;

    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final @Nullable LatentOptions options;

    LatentLayers(ArchitectureKeys keys, TensorTable tensors, boolean present) {
        this.keys = keys;
        this.tensors = tensors;
        this.options = present ? read() : null;
    }

    /** What all layers have; null where attention is of the ordinary kind. */
    @Nullable
    LatentOptions options() {
        return options;
    }

    private LatentOptions read() {
        int rank = keys.count("attention.kv_lora_rank", MOST_DIM);
        int query = keys.count("attention.key_length_mla", MOST_DIM);
        int value = keys.count("attention.value_length_mla", MOST_DIM);
        int rope = keys.count("rope.dimension_count", query);
        if (rope == query) {
            throw keys.error("rope.dimension_count", "less than a query head's " + query, Integer.toString(rope));
        }
        require("attention.key_length", rank + rope);
        require("attention.value_length", rank);
        require("attention.head_count_kv", 1);
        int queryRank = keys.findInt("attention.q_lora_rank", 0, MOST).orElse(0);
        return new LatentOptions(queryRank, rank, query - rope, rope, value);
    }

    /** Files of the kind before it hold heads' own keys and values under the same names. */
    private void require(String key, int expected) {
        int found = keys.count(key, MOST);
        if (found != expected) {
            throw keys.error(key, expected + " (convert the model anew)", Integer.toString(found));
        }
    }

    void pick(int layer, long width, int heads, LatentOptions latent) {
        if (latent.queryRank() > 0) {
            tensors.matrix(DecoderModule.ATTN_Q_A.at(layer), latent.queryRank(), width);
            tensors.vector(DecoderModule.ATTN_Q_A_NORM.at(layer), latent.queryRank());
            tensors.matrix(DecoderModule.ATTN_Q_B.at(layer), (long) heads * latent.queryDim(), latent.queryRank());
        } else {
            tensors.matrix(DecoderModule.ATTN_Q.at(layer), (long) heads * latent.queryDim(), width);
        }
        tensors.matrix(DecoderModule.ATTN_KV_A.at(layer), latent.keyDim(), width);
        tensors.vector(DecoderModule.ATTN_KV_A_NORM.at(layer), latent.rank());
        tensors.stack(DecoderModule.ATTN_K_B.at(layer), heads, latent.rank(), latent.plainDim(), Presence.NONE);
        tensors.stack(DecoderModule.ATTN_V_B.at(layer), heads, latent.valueDim(), latent.rank(), Presence.NONE);
        tensors.matrix(DecoderModule.ATTN_OUTPUT.at(layer), width, (long) heads * latent.valueDim());
    }
}
