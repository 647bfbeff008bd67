package dev.chaku.internal.core;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_adapter;
import dev.chaku.internal.core.binding.generated.chaku_memory_plan;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_session;
import dev.chaku.internal.core.binding.generated.chaku_session_options;
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

/** A KV cache over a model. Single-threaded; {@link #cancel} and {@link #close} alone come from any thread. */
public final class NativeSession extends NativeHandle<chaku_session> {
    /** What tokens are to the text; the arithmetic of a token depends on its role alone. */
    public enum Role {
        PROMPT(chaku.CHAKU_ROLE_PROMPT),
        GENERATED(chaku.CHAKU_ROLE_GENERATED);

        private final int id;

        Role(int id) {
            this.id = id;
        }
    }

    /** Which positions' logits a computation writes. */
    public enum Logits {
        NONE(chaku.CHAKU_LOGITS_NONE),
        LAST(chaku.CHAKU_LOGITS_LAST),
        ALL(chaku.CHAKU_LOGITS_ALL);

        private final int id;

        Logits(int id) {
            this.id = id;
        }

        long floats(int tokens, int vocabSize) {
            return switch (this) {
                case NONE -> 0;
                case LAST -> vocabSize;
                case ALL -> (long) tokens * vocabSize;
            };
        }
    }

    /**
     * @param maxTokens capacity of the cache
     * @param maxBatchTokens tokens computed at once, 0 for 512
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param kvType ggml's type id of keys and values
     */
    public record Options(int maxTokens, int maxBatchTokens, long memoryLimitBytes, int kvType) {
        private chaku_session_options struct() {
            chaku_session_options options = new chaku_session_options();
            return options.size(options.sizeof())
                    .max_tokens(maxTokens)
                    .max_batch_tokens(maxBatchTokens)
                    .memory_limit_bytes(memoryLimitBytes)
                    .kv_dtype(kvType);
        }
    }

    /** What {@link #readInputs} found. */
    public record InputSquares(double[] sums, long[] rows) {}

    /** An adapter and what its additions are multiplied by. */
    public record Worn(NativeAdapter adapter, float scale) {}

    private final NativeModel model;
    private final int vocabSize;
    private final int maxTokens;
    private IntBuffer tokenBuffer = DirectBuffers.ints(64);

    private NativeSession(chaku_session pointer, NativeModel model, int maxTokens) {
        super("session", pointer, chaku::chaku_session_free);
        this.model = model;
        this.vocabSize = model.vocabSize();
        this.maxTokens = maxTokens;
    }

    /** What a session would take; nothing is allocated. */
    public static MemoryPlan plan(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_session_options struct = options.struct();
                chaku_memory_plan plan = MemoryPlans.struct()) {
            Status.check(chaku.chaku_session_plan(modelPointer, struct, plan));
            return MemoryPlans.of(plan);
        } finally {
            model.leave();
        }
    }

    /** @throws dev.chaku.errors.ResourceException if the plan exceeds the limit or the machine */
    public static NativeSession create(NativeModel model, Options options) {
        chaku_model modelPointer = model.enter();
        try (chaku_session_options struct = options.struct()) {
            chaku_session out = new chaku_session();
            Status.check(chaku.chaku_session_create(modelPointer, struct, out));
            return new NativeSession(out, model, options.maxTokens());
        } finally {
            model.leave();
        }
    }

    public int vocabSize() {
        return vocabSize;
    }

    /** Capacity of the cache in tokens. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Wears these adapters in place of those worn before. The cache must be empty. */
    public void setAdapters(List<Worn> worn) {
        chaku_adapter[] pointers = new chaku_adapter[worn.size()];
        FloatBuffer scales = DirectBuffers.floats(Math.max(1, worn.size()));
        chaku_session session = enterExclusive();
        int entered = 0;
        try {
            for (; entered < pointers.length; entered++) {
                pointers[entered] = worn.get(entered).adapter().enter();
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
                worn.get(i).adapter().leave();
            }
            leaveExclusive();
        }
    }

    /**
     * Appends tokens and computes them. After any failure but a cancellation the session is of no more use.
     *
     * @param tokens ids in [0, V)
     * @param from index of the first
     * @param n how many
     * @param role of all of them
     * @param logits direct; written from its position, which stays: V floats for LAST, n * V for ALL
     * @throws BadInputException if a logit is not finite: the message says why
     * @throws dev.chaku.errors.OperationCancelledException if {@link #cancel} was called meanwhile; the cache keeps its
     *     length
     */
    public void eval(int[] tokens, int from, int n, Role role, Logits which, FloatBuffer logits) {
        DirectBuffers.requireDirect(logits);
        long floats = which.floats(n, vocabSize);
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
            Status.check(chaku.chaku_session_eval(session, tokenBuffer, n, role.id, which.id, out, floats));
        } finally {
            leaveExclusive();
        }
        requireFinite(logits, Math.toIntExact(floats));
    }

    /** Whoever chose a token among other numbers would choose at random. */
    private void requireFinite(FloatBuffer logits, int floats) {
        int first = logits.position();
        for (int i = 0; i < floats; i++) {
            float logit = logits.get(first + i);
            if (!Float.isFinite(logit)) {
                throw new BadInputException(
                        "the model's logits are not finite (" + logit + " for token " + i % vocabSize + "): "
                                + model.faultyWeight()
                                        .orElse(
                                                "its weights are, but what is computed with them grows beyond the range of numbers; adapters at a lower"
                                                        + " scale, or keys and values in F32, may help"));
            }
        }
    }

    /**
     * From now on computations add up the squares of each product's inputs, per column. Ask for {@link Logits#ALL}:
     * other rows are left out of the last layer's products.
     */
    public void collectInputs() {
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_collect_inputs(session));
        } finally {
            leaveExclusive();
        }
    }

    /**
     * Sums of squares of a product's inputs, one per column of each of its matrices, and how many rows were added up of
     * each.
     *
     * @param layer -1 outside layers
     * @param matrices the number of experts of a product of experts, else 1
     */
    public InputSquares readInputs(int module, int layer, int columns, int matrices) {
        int size = Math.multiplyExact(columns, matrices);
        ByteBuffer bytes = DirectBuffers.bytes(Math.multiplyExact(size, Double.BYTES));
        DoubleBuffer squares = bytes.asDoubleBuffer();
        LongBuffer rows =
                DirectBuffers.bytes(Math.multiplyExact(matrices, Long.BYTES)).asLongBuffer();
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_read_inputs(session, module, layer, squares, size, rows));
        } finally {
            leaveExclusive();
        }
        double[] sums = new double[size];
        squares.get(0, sums);
        long[] counts = new long[matrices];
        rows.get(0, counts);
        return new InputSquares(sums, counts);
    }

    /** Forgets all but the first tokens. */
    public void truncate(int tokens) {
        chaku_session session = enterExclusive();
        try {
            Status.check(chaku.chaku_session_truncate(session, tokens));
        } finally {
            leaveExclusive();
        }
    }

    /** Tokens in the cache. */
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

    /** Makes the computation under way, if any, end soon. Any thread; no effect on a closed session. */
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
