package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The adapters that a generator or scorer wears, each at its scale. Not thread-safe. */
final class WornAdapters {
    private record Worn(Adapter adapter, float scale) {}

    private final Model model;
    private final List<Worn> worn = new ArrayList<>();

    WornAdapters(Model model) {
        this.model = model;
    }

    /** @throws BadInputException if it was made for another base; what was worn stays then */
    void set(Adapter adapter, double scale) {
        Worn one = checked(adapter, scale);
        worn.clear();
        worn.add(one);
    }

    /** @throws BadInputException if it was made for another base */
    void add(Adapter adapter, double scale) {
        worn.add(checked(adapter, scale));
    }

    void clear() {
        worn.clear();
    }

    private Worn checked(Adapter adapter, double scale) {
        if (!Double.isFinite(scale)) {
            throw new BadInputException("adapter scale: expected a finite number, found " + scale);
        }
        model.bind(Objects.requireNonNull(adapter, "adapter"));
        return new Worn(adapter, (float) scale);
    }

    /** @throws IllegalStateException if one was closed, or the model was */
    List<EngineSession.Worn> inTheCore() {
        return worn.stream()
                .map(one -> new EngineSession.Worn(model.bind(one.adapter()), one.scale()))
                .toList();
    }
}
