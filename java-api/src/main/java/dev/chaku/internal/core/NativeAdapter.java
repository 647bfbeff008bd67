package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_adapter;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank additions to a model's products. Filled by one thread, then worn by any number of texts and immutable; a
 * text that wears it may outlive it.
 */
final class NativeAdapter extends NativeHandle<chaku_adapter> implements EngineAdapter {
    private final String contentHash;

    private NativeAdapter(chaku_adapter pointer, String contentHash) {
        super("adapter", pointer, chaku::chaku_adapter_free);
        this.contentHash = contentHash;
    }

    @Override
    public String contentHash() {
        return contentHash;
    }

    @Override
    public void hold() {
        enter();
    }

    @Override
    public void release() {
        leave();
    }

    /** See {@link NativeModel#adapter}. */
    static NativeAdapter of(
            NativeModel model,
            String source,
            String contentHash,
            float alpha,
            List<LoraPair> pairs,
            List<SavedWeight> saved) {
        NativeAdapter adapter = create(model, contentHash);
        boolean filled = false;
        try {
            for (LoraPair pair : pairs) {
                try (NativeScratch a = NativeScratch.floats(pair.a().length);
                        NativeScratch b = NativeScratch.floats(pair.b().length)) {
                    adapter.add(
                            Ids.of(pair.place().module()),
                            pair.place().layer(),
                            pair.rank(),
                            alpha / pair.rank(),
                            a.floats().put(pair.a()).flip(),
                            b.floats().put(pair.b()).flip(),
                            source + ": " + pair.place().name());
                }
            }
            adapter.replace(saved, source);
            filled = true;
            return adapter;
        } finally {
            if (!filled) {
                adapter.close();
            }
        }
    }

    /** @throws IllegalArgumentException if it is another engine's */
    static NativeAdapter of(EngineText.Worn worn) {
        if (worn.adapter() instanceof NativeAdapter adapter) {
            return adapter;
        }
        throw new IllegalArgumentException("expected an adapter of this engine, got one of another");
    }

    private static NativeAdapter create(NativeModel model, String contentHash) {
        chaku_model modelPointer = model.enter();
        try {
            chaku_adapter out = new chaku_adapter();
            Status.check(chaku.chaku_adapter_create(modelPointer, out));
            return new NativeAdapter(out, contentHash);
        } finally {
            model.leave();
        }
    }

    /** Puts weights in place of the model's; one that serves at both ends is copied once. */
    private void replace(List<SavedWeight> saved, String source) {
        boolean one = SavedWeight.isOne(saved);
        for (DecoderModule module : List.of(DecoderModule.TOKEN_EMBEDDING, DecoderModule.OUTPUT)) {
            SavedWeight.find(saved, module).ifPresent(weight -> {
                String name = source + ": " + weight.place().name();
                if (one && module == DecoderModule.OUTPUT) {
                    replace(module, null, 0, name);
                    return;
                }
                try (NativeScratch values = NativeScratch.floats(weight.values().length)) {
                    replace(module, values.floats().put(weight.values()).flip(), weight.values().length, name);
                }
            });
        }
    }

    private void replace(DecoderModule module, @Nullable FloatBuffer values, int n, String name) {
        chaku_adapter adapter = enterExclusive();
        try {
            Status.check(chaku.chaku_adapter_replace(adapter, Ids.of(module), values, n), name);
        } finally {
            leaveExclusive();
        }
    }

    /**
     * Adds {@code y += scale * (x a^T) b^T} to a module; both matrices are copied.
     *
     * @param module the number of {@code CHAKU_ATTN_Q} and so on
     * @param layer -1 outside layers
     * @param scale alpha / rank
     * @param a direct, [rank, K] from its position to its limit
     * @param b direct, [N, rank]
     * @param name what messages call it
     * @throws dev.chaku.errors.BadInputException if the model has no such module, or another shape
     */
    private void add(int module, int layer, int rank, float scale, FloatBuffer a, FloatBuffer b, String name) {
        DirectBuffers.requireDirect(a);
        DirectBuffers.requireDirect(b);
        chaku_adapter adapter = enterExclusive();
        try {
            FloatBuffer as = a.slice();
            FloatBuffer bs = b.slice();
            Status.check(
                    chaku.chaku_adapter_add(
                            adapter, module, layer, rank, scale, as, as.remaining(), bs, bs.remaining()),
                    name);
        } finally {
            leaveExclusive();
        }
    }
}
