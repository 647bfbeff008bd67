package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.engine.DecoderOptions;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A sealed decoder: immutable and thread-safe. Sessions, adapters and trainers over it may outlive it. */
public final class NativeModel extends NativeHandle<chaku_model> {
    private final DecoderOptions decoder;
    private final Supplier<Optional<String>> search;
    private @Nullable Optional<String> faultyWeight;

    /** @param search for a weight that is not finite; done once, when something is computed that is not */
    NativeModel(chaku_model pointer, DecoderOptions decoder, Supplier<Optional<String>> search) {
        super("model", pointer, chaku::chaku_model_free);
        this.decoder = decoder;
        this.search = search;
    }

    /** Names a weight that is not finite, if there is one. The first call may read all of them. */
    public synchronized Optional<String> faultyWeight() {
        if (faultyWeight == null) {
            faultyWeight = search.get();
        }
        return faultyWeight;
    }

    public DecoderOptions decoder() {
        return decoder;
    }

    public int vocabSize() {
        return decoder.vocabSize();
    }
}
