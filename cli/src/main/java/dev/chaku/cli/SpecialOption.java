package dev.chaku.cli;

import picocli.CommandLine.Option;

/** How special tokens that a text spells are read: the same for training data and prompts. */
final class SpecialOption {
    @Option(
            names = "--no-special",
            description =
                    "Read special tokens that texts, prompts and completions spell (<|im_end|>, </s>) as plain text.")
    private boolean plain;

    boolean parse() {
        return !plain;
    }
}
