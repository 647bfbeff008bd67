package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_memory_plan;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_pool;
import dev.chaku.internal.core.binding.generated.chaku_pool_counts;
import dev.chaku.internal.core.binding.generated.chaku_pool_options;
import dev.chaku.internal.core.binding.generated.chaku_sequence;
import dev.chaku.internal.core.binding.generated.chaku_step_parts;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;

/** Blocks of keys and values, and the steps over them. */
final class NativePool extends NativeHandle<chaku_pool> implements EnginePool {
    private final NativeModel model;
    private final int vocabSize;
    private IntBuffer numbers = DirectBuffers.ints(64);
    private long heldRows;

    private NativePool(chaku_pool pointer, NativeModel model) {
        super("pool", pointer, chaku::chaku_pool_free);
        this.model = model;
        this.vocabSize = model.vocabSize();
    }

    /** What a pool would take; nothing is allocated. */
    static MemoryPlan plan(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_pool_options struct = struct(options);
                chaku_memory_plan plan = MemoryPlans.struct()) {
            Status.check(chaku.chaku_pool_plan(modelPointer, struct, plan));
            return MemoryPlans.of(plan);
        } finally {
            model.leave();
        }
    }

    /** @throws dev.chaku.errors.ResourceException if the plan exceeds the limit or the machine */
    static NativePool create(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_pool_options struct = struct(options)) {
            chaku_pool out = new chaku_pool();
            Status.check(chaku.chaku_pool_create(modelPointer, struct, out));
            return new NativePool(out, model);
        } finally {
            model.leave();
        }
    }

    private static chaku_pool_options struct(Options options) {
        chaku_pool_options struct = new chaku_pool_options();
        return struct.size(struct.sizeof())
                .max_tokens(options.maxTokens())
                .max_batch_tokens(options.maxBatchTokens())
                .max_memories(options.maxMemories())
                .memory_limit_bytes(options.memoryLimitBytes())
                .kv_dtype(options.cache().id())
                .activations(
                        switch (options.activations()) {
                            case F32 -> chaku.CHAKU_ACTIVATIONS_F32;
                            case INT16 -> chaku.CHAKU_ACTIVATIONS_INT16;
                            case INT8 -> chaku.CHAKU_ACTIVATIONS_INT8;
                        });
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public EngineText text(int maxTokens) {
        chaku_pool pool = enterExclusive();
        try {
            chaku_sequence out = new chaku_sequence();
            Status.check(chaku.chaku_sequence_create(pool, maxTokens, out));
            return new NativeText(out, this);
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public Counts counts() {
        chaku_pool pool = enter();
        try (chaku_pool_counts counts = new chaku_pool_counts()) {
            Status.check(chaku.chaku_pool_count(pool, counts.size(counts.sizeof())));
            return new Counts(
                    counts.blocks(),
                    counts.free_blocks(),
                    counts.shared_blocks(),
                    counts.memories(),
                    counts.free_memories());
        } finally {
            leave();
        }
    }

    @Override
    public void compute(List<Part> parts, FloatBuffer logits) {
        long floats = requireRoom(rows(parts), logits);
        run(
                parts,
                (pool, texts, struct) -> Status.check(
                        chaku.chaku_pool_compute(pool, texts, struct, new FloatPointer(logits.slice()), floats)));
        model.requireFinite(logits, Math.toIntExact(floats));
    }

    @Override
    public void hold(List<Part> parts) {
        run(parts, (pool, texts, struct) -> Status.check(chaku.chaku_pool_hold(pool, texts, struct)));
        heldRows = rows(parts);
    }

    @Override
    public boolean advance(int layers, FloatBuffer logits) {
        long floats = requireRoom(heldRows, logits);
        boolean done;
        chaku_pool pool = enterExclusive();
        try (IntPointer out = new IntPointer(1)) {
            Status.check(chaku.chaku_pool_advance(pool, layers, new FloatPointer(logits.slice()), floats, out));
            done = out.get() == 1;
        } finally {
            leaveExclusive();
        }
        if (done) {
            model.requireFinite(logits, Math.toIntExact(floats));
        }
        return done;
    }

    @Override
    public void abandon() {
        chaku_pool pool = enterExclusive();
        try {
            Status.check(chaku.chaku_pool_abandon(pool));
        } finally {
            leaveExclusive();
        }
    }

    private interface Call {
        void run(chaku_pool pool, PointerPointer<chaku_sequence> texts, chaku_step_parts parts);
    }

    private void run(List<Part> parts, Call call) {
        chaku_pool pool = enterExclusive();
        int entered = 0;
        try (PointerPointer<chaku_sequence> texts = new PointerPointer<>(Math.max(1, parts.size()));
                chaku_step_parts struct = new chaku_step_parts()) {
            for (; entered < parts.size(); entered++) {
                texts.put(entered, own(parts.get(entered)).enter());
            }
            fill(struct, parts);
            call.run(pool, texts, struct);
        } finally {
            for (int i = 0; i < entered; i++) {
                own(parts.get(i)).leave();
            }
            leaveExclusive();
        }
    }

    /** Returns how many floats so many rows of logits are. */
    private long requireRoom(long rows, FloatBuffer logits) {
        DirectBuffers.requireDirect(logits);
        long floats = rows * vocabSize;
        if (logits.remaining() < floats) {
            throw new IllegalArgumentException(
                    "expected room for " + floats + " logits, got a buffer with " + logits.remaining());
        }
        return floats;
    }

    private static long rows(List<Part> parts) {
        return parts.stream().mapToLong(Part::rows).sum();
    }

    private static NativeText own(Part part) {
        if (part.text() instanceof NativeText text) {
            return text;
        }
        throw new IllegalArgumentException("expected a text of this engine, got one of another");
    }

    /** Lays numbers of tokens, roles, logits and then the tokens into one buffer. */
    private void fill(chaku_step_parts struct, List<Part> parts) {
        int n = parts.size();
        int tokens = 0;
        for (Part part : parts) {
            tokens = Math.addExact(tokens, part.n());
        }
        if (numbers.capacity() < 3 * n + tokens) {
            numbers = DirectBuffers.ints(Math.addExact(3 * n, tokens));
        }
        numbers.clear();
        for (int i = 0; i < n; i++) {
            numbers.put(i, parts.get(i).n());
            numbers.put(n + i, Ids.of(parts.get(i).role()));
            numbers.put(2 * n + i, Ids.of(parts.get(i).logits()));
        }
        numbers.position(3 * n);
        for (Part part : parts) {
            numbers.put(part.tokens(), part.from(), part.n());
        }
        struct.size(struct.sizeof())
                .n_parts(n)
                .n_tokens(at(0))
                .roles(at(n))
                .which_logits(at(2 * n))
                .tokens(at(3 * n))
                .all_tokens(tokens);
    }

    private IntPointer at(int index) {
        return new IntPointer(numbers.duplicate().position(index).slice());
    }

    @Override
    public void collectInputs() {
        chaku_pool pool = enterExclusive();
        try {
            Status.check(chaku.chaku_pool_collect_inputs(pool));
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
        chaku_pool pool = enterExclusive();
        try {
            Status.check(chaku.chaku_pool_read_inputs(pool, Ids.of(module), layer, squares, size, rows));
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
    public void cancel() {
        chaku_pool pool = enterIfOpen();
        if (pool != null) {
            try {
                Status.check(chaku.chaku_pool_cancel(pool));
            } finally {
                leave();
            }
        }
    }
}
