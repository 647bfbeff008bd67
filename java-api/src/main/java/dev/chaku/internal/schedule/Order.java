package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EngineText;
import java.util.List;
import java.util.Objects;

/**
 * Who wants a text, and how soon.
 *
 * @param worn what the text wears
 * @param priority higher ones are begun first, and given up last where memory is short
 * @param share those of one name get together what those of another get; never null
 * @param deadline of {@link System#nanoTime}; {@link #NEVER} for none
 */
public record Order(List<EngineText.Worn> worn, int priority, String share, long deadline) {
    /** No deadline. */
    public static final long NEVER = Long.MAX_VALUE;

    public Order {
        worn = List.copyOf(worn);
        Objects.requireNonNull(share, "share");
    }

    /** {@return an order of no special priority} */
    public static Order of(List<EngineText.Worn> worn) {
        return new Order(worn, 0, "", NEVER);
    }

    boolean isLate(long now) {
        return deadline != NEVER && now - deadline >= 0;
    }

    /**
     * Has what is worn stay until {@link #release}, whoever closes it.
     *
     * @throws IllegalStateException if an adapter is closed
     */
    void hold() {
        int held = 0;
        try {
            for (; held < worn.size(); held++) {
                worn.get(held).adapter().hold();
            }
        } catch (IllegalStateException e) {
            worn.subList(0, held).forEach(one -> one.adapter().release());
            throw e;
        }
    }

    void release() {
        worn.forEach(one -> one.adapter().release());
    }
}
