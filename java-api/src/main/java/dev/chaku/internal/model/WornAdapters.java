package dev.chaku.internal.model;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineText;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The adapters that a generator or scorer wears, each at its scale. Not thread-safe. */
public final class WornAdapters {
    private record Worn(LoadedAdapter adapter, float scale) {}

    private final LoadedModel model;
    private final List<Worn> worn = new ArrayList<>();

    public WornAdapters(LoadedModel model) {
        this.model = model;
    }

    /** @throws BadInputException if it was made for another base; what was worn stays then */
    public void set(LoadedAdapter adapter, double scale) {
        Worn one = checked(adapter, scale);
        worn.clear();
        worn.add(one);
    }

    /** @throws BadInputException if it was made for another base */
    public void add(LoadedAdapter adapter, double scale) {
        worn.add(checked(adapter, scale));
    }

    public void clear() {
        worn.clear();
    }

    private Worn checked(LoadedAdapter adapter, double scale) {
        if (!Double.isFinite(scale)) {
            throw new BadInputException("adapter scale: expected a finite number, found " + scale);
        }
        model.bind(Objects.requireNonNull(adapter, "adapter"));
        return new Worn(adapter, (float) scale);
    }

    /** @throws IllegalStateException if one was closed, or the model was */
    public List<EngineText.Worn> inTheCore() {
        return worn.stream()
                .map(one -> new EngineText.Worn(model.bind(one.adapter()), one.scale()))
                .toList();
    }
}
