package dev.chaku.cli;

import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Speculation;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.Generation;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of tokens that are drafted and then verified, which changes none of them. */
final class DraftOptions {
    @Option(
            names = "--lookup",
            description =
                    "Draft what followed the same tokens earlier in the text, and verify several at once: faster where answers repeat their prompt, the same to the letter.")
    private boolean lookup;

    @Reads
    @Option(
            names = "--draft",
            paramLabel = "FILE",
            description = "A smaller model of the same vocabulary, which drafts tokens to be verified several at once.")
    private Path file;

    @Option(
            names = "--draft-tokens",
            defaultValue = "15",
            paramLabel = "N",
            description =
                    "With --lookup or --draft: most tokens drafted at once; fewer where more do not pay (${DEFAULT-VALUE}).")
    private int tokens;

    boolean areAsked() {
        return lookup || file != null;
    }

    /** The settings of a verb, as far as they read no file. */
    void check(Verb verb) {
        Speculation.lookup().withMostTokens(tokens);
        verb.refuseBeside("--lookup", "--draft");
        verb.requireEitherBeside("--draft-tokens", "--lookup", "--draft");
    }

    /** The model that drafts; null if none does. */
    @Nullable
    Model open(ModelOptions options) {
        return file == null ? null : Model.open(file, options);
    }

    /** What came of drafts, in a few words; nothing where there were none. */
    static String told(Generation generation) {
        return generation.draftedTokens() == 0
                ? ""
                : " (" + generation.acceptedTokens() + " of " + generation.draftedTokens() + " drafted came)";
    }

    /** @param draft what {@link #open} gave */
    void apply(Generator generator, @Nullable Model draft) {
        if (!areAsked()) {
            return;
        }
        try {
            Speculation how = draft == null ? Speculation.lookup() : Speculation.draft(draft);
            generator.speculation(how.withMostTokens(tokens));
        } catch (BadInputException e) {
            throw new BadInputException("--draft " + e.getMessage(), e);
        }
    }
}
