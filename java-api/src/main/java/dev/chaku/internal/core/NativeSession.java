package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_adapter;
import dev.chaku.internal.core.binding.generated.chaku_memory_plan;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_session;
import dev.chaku.internal.core.binding.generated.chaku_session_options;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerPointer;

/** A KV cache over a model. */
final class NativeSession extends NativeHandle<chaku_session> implements EngineSession {
    private final NativeModel model;
    private final int vocabSize;
    private IntBuffer tokenBuffer = DirectBuffers.ints(64);

    private NativeSession(chaku_session pointer, NativeModel model) {
        super("session", pointer, chaku::chaku_session_free);
        this.model = model;
        this.vocabSize = model.vocabSize();
    }

    /** What a session would take; nothing is allocated. */
    static MemoryPlan plan(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_session_options struct = struct(options);
                chaku_memory_plan plan = MemoryPlans.struct()) {
            Status.check(chaku.chaku_session_plan(modelPointer, struct, plan));
            return MemoryPlans.of(plan);
        } finally {
            model.leave();
        }
    }

    /** @throws dev.chaku.errors.ResourceException if the plan exceeds the limit or the machine */
    static NativeSession create(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_session_options struct = struct(options)) {
            chaku_session out = new chaku_session();
            Status.check(chaku.chaku_session_create(modelPointer, struct, out));
            return new NativeSession(out, model);
        } finally {
            model.leave();
        }
    }

    private static chaku_session_options struct(Options options) {
        chaku_session_options struct = new chaku_session_options();
        return struct.size(struct.sizeof())
                .max_tokens(options.maxTokens())
                .max_batch_tokens(options.maxBatchTokens())
                .memory_limit_bytes(options.memoryLimitBytes())
                .kv_dtype(options.cache().id());
    }

    private static long floats(Logits which, int tokens, int vocabSize) {
        return switch (which) {
            case NONE -> 0;
            case LAST -> vocabSize;
            case ALL -> (long) tokens * vocabSize;
        };
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public void setAdapters(List<Worn> worn) {
        chaku_adapter[] pointers = new chaku_adapter[worn.size()];
        FloatBuffer scales = DirectBuffers.floats(Math.max(1, worn.size()));
        chaku_session session = enterExclusive();
        int entered = 0;
        try {
            for (; entered < pointers.length; entered++) {
                pointers[entered] = NativeAdapter.of(worn.get(entered)).enter();
                scales.put(entered, worn.get(entered).scale());
            }
            try (PointerPointer<chaku_adapter> array = new PointerPointer<>(Math.max(1, pointers.length))) {
                for (int i = 0; i < pointers.length; i++) {
                    array.put(i, pointers[i]);
                }
                Status.check(
                        chaku.chaku_session_set_adapters(session, array, new FloatPointer(scales), pointers.length));
            }
        } finally {
            for (int i = 0; i < entered; i++) {
                NativeAdapter.of(worn.get(i)).leave();
            }
            leaveExclusive();
        }
    }

    @Override
    public void eval(int[] tokens, int from, int n, Role role, Logits which, FloatBuffer logits) {
        DirectBuffers.requireDirect(logits);
        long floats = floats(which, n, vocabSize);
        if (logits.remaining() < floats) {
            throw new IllegalArgumentException(
                    "expected room for " + floats + " logits, got a buffer with " + logits.remaining());
        }
        chaku_session session = enterExclusive();
        try {
            if (tokenBuffer.capacity() < n) {
                tokenBuffer = DirectBuffers.ints(n);
            }
            tokenBuffer.clear().put(tokens, from, n).flip();
            FloatBuffer out = logits.slice();
            Status.check(chaku.chaku_session_eval(session, tokenBuffer, n, Ids.of(role), Ids.of(which), out, floats));
        } finally {
            leaveExclusive();
        }
        model.requireFinite(logits, Math.toIntExact(floats));
    }

    @Override
    public void collectInputs() {
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_collect_inputs(session));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public InputSquares readInputs(DecoderModule module, int layer, int columns, int matrices) {
        int size = Math.multiplyExact(columns, matrices);
        ByteBuffer bytes = DirectBuffers.bytes(Math.multiplyExact(size, Double.BYTES));
        DoubleBuffer squares = bytes.asDoubleBuffer();
        LongBuffer rows =
                DirectBuffers.bytes(Math.multiplyExact(matrices, Long.BYTES)).asLongBuffer();
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_read_inputs(session, Ids.of(module), layer, squares, size, rows));
        } finally {
            leaveExclusive();
        }
        double[] sums = new double[size];
        squares.get(0, sums);
        long[] counts = new long[matrices];
        rows.get(0, counts);
        return new InputSquares(sums, counts);
    }

    @Override
    public void truncate(int tokens) {
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_truncate(session, tokens));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public int length() {
        chaku_session session = enterExclusive();
        try {
            IntBuffer out = DirectBuffers.ints(1);
            Status.check(chaku.chaku_session_length(session, out));
            return out.get(0);
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void cancel() {
        chaku_session session = enterIfOpen();
        if (session != null) {
            try {
                Status.check(chaku.chaku_session_cancel(session));
            } finally {
                leave();
            }
        }
    }
}
