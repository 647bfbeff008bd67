package dev.chaku.text.template;

import org.jspecify.annotations.Nullable;

/** A value that can be called. */
interface Callable {
    @Nullable
    Object call(Rendering rendering, Arguments arguments);

    /** How Python prints it. */
    String description();
}
