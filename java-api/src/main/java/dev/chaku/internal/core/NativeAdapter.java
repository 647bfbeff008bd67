package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_adapter;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;

/**
 * Low-rank additions to a model's products. Filled by one thread, then worn by any number of sessions and immutable; a
 * session that wears it may outlive it.
 */
public final class NativeAdapter extends NativeHandle<chaku_adapter> {
    private NativeAdapter(chaku_adapter pointer) {
        super("adapter", pointer, chaku::chaku_adapter_free);
    }

    public static NativeAdapter create(NativeModel model) {
        chaku_model modelPointer = model.enter();
        try {
            chaku_adapter out = new chaku_adapter();
            Status.check(chaku.chaku_adapter_create(modelPointer, out));
            return new NativeAdapter(out);
        } finally {
            model.leave();
        }
    }

    /**
     * Adds {@code y += scale * (x a^T) b^T} to a module; both matrices are copied.
     *
     * @param module {@code CHAKU_ATTN_Q} and so on
     * @param layer -1 outside layers
     * @param scale alpha / rank
     * @param a direct, [rank, K] from its position to its limit
     * @param b direct, [N, rank]
     * @param name what messages call it
     * @throws dev.chaku.errors.BadInputException if the model has no such module, or another shape
     */
    public void add(int module, int layer, int rank, float scale, FloatBuffer a, FloatBuffer b, String name) {
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
