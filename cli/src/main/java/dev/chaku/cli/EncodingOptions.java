package dev.chaku.cli;

import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How examples become tokens, as {@code chaku train} takes it. */
final class EncodingOptions {
    private static final int DEFAULT_MAX_LENGTH = 1024;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest sequence in tokens (1024, or the model's context).")
    private Integer maxLength;

    @Option(
            names = "--over-long",
            defaultValue = "truncate",
            paramLabel = "POLICY",
            description = "For examples past --max-length: error, truncate, split or drop (${DEFAULT-VALUE}).")
    private OverLong overLong;

    @Option(names = "--train-on-all", description = "Train prompts too, not completions and assistant turns alone.")
    private boolean wholeText;

    @Mixin
    private SpecialOption special;

    ExampleEncoder encoder(TextModel model) {
        return new ExampleEncoder(
                model.tokenizer(),
                model.chat(),
                new ExampleEncoder.Options(maxLength(model), overLong, wholeText, special.parse()));
    }

    int maxLength(TextModel model) {
        int context = model.contextLength();
        int length = maxLength != null ? maxLength : Math.min(DEFAULT_MAX_LENGTH, context);
        if (length < 2) {
            throw BadInputException.ofSetting("max length", "at least 2 tokens", length);
        }
        if (length > context) {
            throw new BadInputException(
                    "--max-length: expected at most the model's context of " + context + ", found " + length);
        }
        return length;
    }
}
