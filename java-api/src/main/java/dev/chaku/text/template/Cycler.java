package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code cycler(a, b, …)}: its items one after the other, over and over. Belongs to one rendering. */
final class Cycler {
    private final List<@Nullable Object> items;
    private int position;

    Cycler(List<@Nullable Object> items) {
        if (items.isEmpty()) {
            throw new TemplateFault("RuntimeError", "at least one item has to be provided");
        }
        this.items = new ArrayList<>(items);
    }

    /** Its attribute of a name, or null if there is none. */
    @Nullable
    Object attribute(String name) {
        return switch (name) {
            case "current" -> {
                Object item = items.get(position);
                yield item == null ? new Undefined("the current item is None", false) : item;
            }
            case "next" -> new Builtin.Function(new Builtin("next", new String[0], (r, a) -> next()));
            case "reset" -> new Builtin.Function(new Builtin("reset", new String[0], (r, a) -> reset()));
            default -> null;
        };
    }

    private @Nullable Object next() {
        Object item = items.get(position);
        position = (position + 1) % items.size();
        return item;
    }

    private @Nullable Object reset() {
        position = 0;
        return null;
    }
}
