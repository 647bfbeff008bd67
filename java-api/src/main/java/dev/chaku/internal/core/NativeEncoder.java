package dev.chaku.internal.core;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_encoder;
import dev.chaku.internal.core.binding.generated.chaku_encoder_options;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_texts;
import dev.chaku.internal.engine.EngineEncoder;
import dev.chaku.internal.engine.VectorOptions;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;

/** Whole texts to rows. */
final class NativeEncoder extends NativeHandle<chaku_encoder> implements EngineEncoder {
    private final NativeModel model;
    private IntBuffer numbers = DirectBuffers.ints(64);

    private NativeEncoder(chaku_encoder pointer, NativeModel model) {
        super("encoder", pointer, chaku::chaku_encoder_free);
        this.model = model;
    }

    /** @throws dev.chaku.errors.ResourceException if what it takes exceeds the limit or the machine */
    static NativeEncoder create(NativeModel model, Options wanted) {
        chaku_model modelPointer = model.enter();
        try (chaku_encoder_options options = new chaku_encoder_options()) {
            options.size(options.sizeof())
                    .max_batch_tokens(wanted.maxBatchTokens())
                    .memory_limit_bytes(wanted.memoryLimitBytes());
            chaku_encoder out = new chaku_encoder();
            Status.check(chaku.chaku_encoder_create(modelPointer, options, out));
            return new NativeEncoder(out, model);
        } finally {
            model.leave();
        }
    }

    @Override
    public void compute(List<Text> texts, VectorOptions.Pooling pooling, boolean head, FloatBuffer rows) {
        DirectBuffers.requireDirect(rows);
        int floats = rows.remaining();
        chaku_encoder encoder = enterExclusive();
        try (chaku_texts struct = new chaku_texts()) {
            fill(struct, texts);
            struct.pooling(Ids.of(pooling)).head(head ? 1 : 0);
            Status.check(chaku.chaku_encoder_compute(encoder, struct, new FloatPointer(rows.slice()), floats));
        } finally {
            leaveExclusive();
        }
        requireFinite(rows, floats);
    }

    /** Lays numbers of tokens, then the tokens, then their types into one buffer. */
    private void fill(chaku_texts struct, List<Text> texts) {
        int n = texts.size();
        int tokens = 0;
        boolean typed = false;
        for (Text text : texts) {
            tokens = Math.addExact(tokens, text.tokens().length);
            typed |= text.typed() < text.tokens().length;
        }
        int ints = Math.addExact(n, Math.multiplyExact(2, tokens));
        if (numbers.capacity() < ints) {
            numbers = DirectBuffers.ints(ints);
        }
        numbers.clear();
        for (Text text : texts) {
            numbers.put(text.tokens().length);
        }
        for (Text text : texts) {
            numbers.put(text.tokens());
        }
        for (Text text : texts) {
            for (int i = 0; i < text.tokens().length; i++) {
                numbers.put(i < text.typed() ? 0 : 1);
            }
        }
        struct.size(struct.sizeof())
                .n_texts(n)
                .n_tokens(at(0))
                .tokens(at(n))
                .types(typed ? at(n + tokens) : null)
                .all_tokens(tokens);
    }

    private IntPointer at(int index) {
        return new IntPointer(numbers.duplicate().position(index).slice());
    }

    private void requireFinite(FloatBuffer rows, int floats) {
        int first = rows.position();
        for (int i = 0; i < floats; i++) {
            float value = rows.get(first + i);
            if (!Float.isFinite(value)) {
                throw new BadInputException("the model's states are not finite (" + value + "): "
                        + model.faultyWeight()
                                .orElse("its weights are, but what is computed with them grows beyond the range of"
                                        + " numbers"));
            }
        }
    }

    @Override
    public void cancel() {
        chaku_encoder encoder = enterIfOpen();
        if (encoder != null) {
            try {
                Status.check(chaku.chaku_encoder_cancel(encoder));
            } finally {
                leave();
            }
        }
    }
}
