package dev.chaku.text.template;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code loop} variable of one running loop; reads ahead only when asked about what comes. */
final class LoopState implements Callable {
    /** Renders the loop's body again over other items. */
    interface Recursion {
        CharSequence render(@Nullable Object items, int depth);
    }

    private final Iterator<@Nullable Object> items;
    private final Deque<java.util.Optional<Object>> ahead = new ArrayDeque<>(1);
    private final @Nullable Recursion recursion;
    private final int depth;
    private long index = -1;
    private long length;
    private @Nullable Object previous;
    private @Nullable Object current;
    private @Nullable List<@Nullable Object> lastChanged;

    /** The length is -1 if only reading to the end can tell. */
    LoopState(Iterator<@Nullable Object> items, long length, int depth, @Nullable Recursion recursion) {
        this.items = items;
        this.length = length;
        this.depth = depth;
        this.recursion = recursion;
    }

    boolean hasNext() {
        return !ahead.isEmpty() || items.hasNext();
    }

    @Nullable
    Object next() {
        previous = current;
        current = ahead.isEmpty() ? items.next() : ahead.poll().orElse(null);
        index++;
        return current;
    }

    long length() {
        if (length < 0) {
            while (items.hasNext()) {
                ahead.add(java.util.Optional.ofNullable(items.next()));
            }
            length = index + 1 + ahead.size();
        }
        return length;
    }

    @Nullable
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1;
            case "index0" -> index;
            case "first" -> index == 0;
            case "last" -> !hasNext();
            case "length" -> length();
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "depth" -> (long) depth + 1;
            case "depth0" -> (long) depth;
            case "previtem" -> index == 0 ? new Undefined("there is no previous item", false) : reference(previous);
            case "nextitem" -> nextItem();
            case "cycle" -> new Builtin.Function(new Builtin("cycle", new String[] {"*"}, (r, a) -> cycle(a)));
            case "changed" -> new Builtin.Function(new Builtin("changed", new String[] {"*"}, (r, a) -> changed(r, a)));
            default -> null;
        };
    }

    private Object nextItem() {
        if (!hasNext()) {
            return new Undefined("there is no next item", false);
        }
        if (ahead.isEmpty()) {
            ahead.add(java.util.Optional.ofNullable(items.next()));
        }
        return reference(ahead.peek().orElse(null));
    }

    /** A neighbour; one that is None reads as undefined, since null says here that there is no such attribute. */
    private static Object reference(@Nullable Object value) {
        return value == null ? new Undefined("the neighbouring item is None", false) : value;
    }

    private @Nullable Object cycle(BoundArguments a) {
        if (a.rest().isEmpty()) {
            throw TemplateFault.type("no items for cycling given");
        }
        return a.rest().get((int) (index % a.rest().size()));
    }

    private boolean changed(Rendering rendering, BoundArguments a) {
        boolean changed = lastChanged == null || !Comparison.equal(rendering.budget(), lastChanged, a.rest());
        lastChanged = a.rest();
        return changed;
    }

    @Override
    public @Nullable Object call(Rendering rendering, Arguments arguments) {
        if (recursion == null) {
            throw TemplateFault.type("The loop must have the 'recursive' marker to be called recursively.");
        }
        if (arguments.positional().size() != 1) {
            throw TemplateFault.type("loop() takes exactly one argument");
        }
        return recursion.render(arguments.positional().get(0), depth + 1);
    }

    @Override
    public String description() {
        return "<LoopContext %d/%d>".formatted(index + 1, length());
    }
}
