package dev.chaku.text.template;

/**
 * Counts what a rendering costs and stops it at its limits. Everything that a template can make long, deep or large
 * passes here before it happens, so that a hostile template ends with an error and not with the process. Not
 * thread-safe: one per rendering.
 */
final class Budget {
    /** Python's sandbox refuses longer ranges. */
    static final int MAX_RANGE = 100_000;

    /** Integers beyond this have no use in a text and make arithmetic slow. */
    static final int MAX_INTEGER_BITS = 1 << 13;

    private static final int CHARS_PER_STEP_LOG2 = 4;

    private static final int COMPARES_PER_STEP_LOG2 = 8;

    /** For its memory, which is some 50 bytes. */
    private static final int STEPS_PER_CHARACTER_STR = 2;

    private final TemplateLimits limits;
    private long steps;
    private int depth;

    Budget(TemplateLimits limits) {
        this.limits = limits;
    }

    /** One node is evaluated. */
    void enter() {
        if (++steps > limits.maxSteps()) {
            throw stepsExceeded();
        }
        if (++depth > limits.maxDepth()) {
            throw TemplateFault.limit("nested deeper than %d levels".formatted(limits.maxDepth()));
        }
    }

    void leave() {
        depth--;
    }

    /** Elements are made or visited. */
    void elements(long count) {
        steps += count;
        if (steps > limits.maxSteps()) {
            throw stepsExceeded();
        }
    }

    /** A string grows, or is made, to this many characters in total, of which some are new. */
    void characters(long total, long added) {
        if (total > limits.maxOutputChars()) {
            throw TemplateFault.limit(
                    "a text of %d characters is longer than the %d allowed".formatted(total, limits.maxOutputChars()));
        }
        elements(added >> CHARS_PER_STEP_LOG2);
    }

    /** An existing string is read from end to end. */
    void scan(CharSequence text) {
        elements(text.length() >> CHARS_PER_STEP_LOG2);
    }

    /** A part is searched for in a str, which may look at every character of the part at every place. */
    void search(CharSequence text, CharSequence part) {
        elements((text.length() >> CHARS_PER_STEP_LOG2)
                + ((long) text.length() * part.length() >> COMPARES_PER_STEP_LOG2));
    }

    /** A str is taken apart into characters, each a str of its own. */
    void takeApart(CharSequence text) {
        elements((long) STEPS_PER_CHARACTER_STR * text.length());
    }

    /** Checks the nesting of data that is walked recursively. */
    void nesting(int level) {
        if (level > limits.maxDepth()) {
            throw TemplateFault.limit("data nested deeper than %d levels".formatted(limits.maxDepth()));
        }
    }

    private TemplateFault stepsExceeded() {
        return TemplateFault.limit("more than %d steps".formatted(limits.maxSteps()));
    }
}
