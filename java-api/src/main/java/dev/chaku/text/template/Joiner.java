package dev.chaku.text.template;

import org.jspecify.annotations.Nullable;

/** {@code joiner(sep)}: nothing when it is called first, then the separator. Belongs to one rendering. */
final class Joiner implements Callable {
    private final CharSequence separator;
    private boolean used;

    Joiner(CharSequence separator) {
        this.separator = separator;
    }

    @Override
    public @Nullable Object call(Rendering rendering, Arguments arguments) {
        if (!arguments.positional().isEmpty() || !arguments.named().isEmpty()) {
            throw TemplateFault.type("a joiner takes no arguments");
        }
        boolean first = !used;
        used = true;
        return first ? "" : separator;
    }

    @Override
    public String description() {
        return "<Joiner>";
    }
}
