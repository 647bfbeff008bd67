package dev.chaku.text.template;

import dev.chaku.errors.BadInputException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A parsed Jinja template, ready to be rendered any number of times. Immutable and thread-safe. */
final class Template {
    /** The id of {@code loop} in every template. */
    static final int LOOP_ID = 0;

    private final String name;
    private final Parser.Tree tree;
    private final TemplateLimits limits;

    private Template(String name, Parser.Tree tree, TemplateLimits limits) {
        this.name = name;
        this.tree = tree;
        this.limits = limits;
    }

    /**
     * Parses a template.
     *
     * @param name what error messages call it, such as a file name
     * @throws BadInputException if the source is no valid template; the message holds name, line and what was expected
     */
    static Template parse(String name, String source, TemplateLimits limits) {
        try {
            return new Template(name, Parser.parse(source), limits);
        } catch (Lexer.SyntaxFault fault) {
            throw new BadInputException("%s: %s".formatted(where(name, fault.line()), fault.getMessage()), fault);
        }
    }

    /** Where the variables of a rendering come from. */
    interface Inputs {
        /** Returns the imported value of a variable, or an {@link Undefined}. */
        @Nullable
        Object get(String variable);
    }

    /**
     * Renders the template.
     *
     * @throws BadInputException if a variable is no plain data, the template fails or refuses, or it passes a limit
     */
    CharSequence render(Inputs inputs, Clock clock) {
        List<String> names = tree.names();
        Scope context = new Scope(null, names.size());
        for (int id = 0; id < names.size(); id++) {
            Object value = inputs.get(names.get(id));
            if (value instanceof Undefined) {
                value = Globals.find(names.get(id));
                if (value == null) {
                    continue;
                }
            }
            context.set(id, value);
        }
        Rendering rendering = new Rendering(new Budget(limits), clock, context.inner());
        try {
            rendering.run(tree.statements());
        } catch (TemplateFault fault) {
            String where = where(name, rendering.line());
            throw new BadInputException(
                    fault.isRaised()
                            ? where + ": the template refuses the conversation: " + fault.getMessage()
                            : where + ": " + fault.kind() + ": " + fault.getMessage(),
                    fault);
        }
        return rendering.out().toText();
    }

    private static String where(String name, int line) {
        return name + ":" + line;
    }
}
