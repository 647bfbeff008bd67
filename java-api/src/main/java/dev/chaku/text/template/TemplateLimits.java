package dev.chaku.text.template;

/**
 * What one rendering may cost; whoever passes a limit gets a {@link dev.chaku.errors.BadInputException} that names it.
 * Immutable.
 *
 * @param maxSteps evaluated tree nodes, list elements made and characters touched (16 characters count as one step)
 * @param maxDepth nesting of expressions, blocks, macro calls and data
 * @param maxOutputChars length of the rendered text and of every string on the way there
 */
record TemplateLimits(long maxSteps, int maxDepth, int maxOutputChars) {
    /** 20 million steps, depth 400, 16 Mi characters: far beyond any conversation, and over within about a second. */
    public static final TemplateLimits DEFAULT = new TemplateLimits(20_000_000, 400, 16 << 20);

    public TemplateLimits {
        if (maxSteps < 1 || maxDepth < 1 || maxOutputChars < 1) {
            throw new IllegalArgumentException(
                    "template limits must be positive, found maxSteps %d, maxDepth %d, maxOutputChars %d"
                            .formatted(maxSteps, maxDepth, maxOutputChars));
        }
    }
}
