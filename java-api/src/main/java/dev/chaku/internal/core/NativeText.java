package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_adapter;
import dev.chaku.internal.core.binding.generated.chaku_sequence;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.function.ToIntFunction;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerPointer;

/** One text of a pool. */
final class NativeText extends NativeHandle<chaku_sequence> implements EngineText {
    private final NativePool pool;

    NativeText(chaku_sequence pointer, NativePool pool) {
        super("text", pointer, chaku::chaku_sequence_free);
        this.pool = pool;
    }

    /** A call that no other of the pool may run beside. */
    private void call(ToIntFunction<chaku_sequence> function) {
        pool.enterExclusive();
        try {
            chaku_sequence text = enter();
            try {
                Status.check(function.applyAsInt(text));
            } finally {
                leave();
            }
        } finally {
            pool.leaveExclusive();
        }
    }

    @Override
    public EngineText fork(int tokens) {
        chaku_sequence out = new chaku_sequence();
        call(text -> chaku.chaku_sequence_fork(text, tokens, out));
        return new NativeText(out, pool);
    }

    @Override
    public void setAdapters(List<Worn> worn) {
        FloatBuffer scales = DirectBuffers.floats(Math.max(1, worn.size()));
        int entered = 0;
        try (PointerPointer<chaku_adapter> adapters = new PointerPointer<>(Math.max(1, worn.size()))) {
            for (; entered < worn.size(); entered++) {
                adapters.put(entered, NativeAdapter.of(worn.get(entered)).enterWhileHeld());
                scales.put(entered, worn.get(entered).scale());
            }
            call(text -> chaku.chaku_sequence_set_adapters(text, adapters, new FloatPointer(scales), worn.size()));
        } finally {
            for (int i = 0; i < entered; i++) {
                NativeAdapter.of(worn.get(i)).leave();
            }
        }
    }

    @Override
    public void truncate(int tokens) {
        call(text -> chaku.chaku_sequence_truncate(text, tokens));
    }

    @Override
    public void takeSnapshot() {
        call(chaku::chaku_sequence_snapshot);
    }

    @Override
    public void dropSnapshots() {
        call(chaku::chaku_sequence_drop_snapshots);
    }

    @Override
    public int length() {
        IntBuffer out = DirectBuffers.ints(1);
        call(text -> chaku.chaku_sequence_length(text, out));
        return out.get(0);
    }
}
