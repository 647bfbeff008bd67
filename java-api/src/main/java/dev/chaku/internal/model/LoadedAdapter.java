package dev.chaku.internal.model;

import dev.chaku.internal.adapter.AdapterWeights;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/** An adapter in memory, and the models that have brought it to their engines. Thread-safe. */
public final class LoadedAdapter implements AutoCloseable {
    private final String source;
    /** Models that have it in their engine; guarded by this. */
    private final Set<LoadedModel> models = Collections.newSetFromMap(new WeakHashMap<>());
    /** Null when closed; guarded by this. */
    private @Nullable AdapterWeights weights;

    public LoadedAdapter(AdapterWeights weights) {
        this.source = weights.source();
        this.weights = weights;
    }

    /** What messages call it. */
    public String source() {
        return source;
    }

    /** @throws IllegalStateException if it is closed */
    public synchronized AdapterWeights weights() {
        if (weights == null) {
            throw new IllegalStateException("the adapter " + source + " is closed");
        }
        return weights;
    }

    /** Nothing once it is closed. */
    public synchronized Optional<AdapterWeights> ifOpen() {
        return Optional.ofNullable(weights);
    }

    /** Whether {@link #close} was called. */
    public synchronized boolean isClosed() {
        return weights == null;
    }

    /** Lets go of its memory, in the engines too. Idempotent, from any thread. */
    @Override
    public void close() {
        List<LoadedModel> wornBy;
        synchronized (this) {
            weights = null;
            wornBy = List.copyOf(models);
            models.clear();
        }
        // Outside of the lock: a model that binds an adapter holds its own first.
        wornBy.forEach(model -> model.release(this));
    }

    /** Remembers a model that has brought it to its engine, to be told when it is closed. */
    synchronized void boundTo(LoadedModel model) {
        weights();
        models.add(model);
    }
}
