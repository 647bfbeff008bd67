package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of the form that an answer must have. */
final class FormOptions {
    static final String[] NAMES = {"--grammar", "--json-schema", "--regex", "--choices"};

    @Reads
    @Option(
            names = "--grammar",
            paramLabel = "FILE",
            description = "The answer follows this grammar, in llama.cpp's notation (GBNF).")
    private Path grammar;

    @Reads
    @Option(
            names = "--json-schema",
            paramLabel = "FILE",
            description = "The answer is JSON that is valid by this JSON Schema.")
    private Path jsonSchema;

    @Option(names = "--regex", paramLabel = "REGEX", description = "The answer matches this as a whole.")
    private String regex;

    @Option(
            names = "--choices",
            split = ",",
            paramLabel = "TEXT",
            description = "The answer is one of these; --json says how likely each was.")
    private List<String> choices;

    @Option(
            names = "--close-form",
            description = "Within --max-tokens the answer is ended in the shortest way, so that its form is whole.")
    private boolean close;

    /** Whether a form is ended within the tokens that are left. */
    boolean isClosed() {
        return close;
    }

    /** The form that is asked for, if one is. */
    Optional<OutputForm> form() {
        if (grammar != null) {
            return Optional.of(OutputForm.gbnf(read(grammar, "a grammar")));
        }
        if (jsonSchema != null) {
            return Optional.of(OutputForm.jsonSchema(read(jsonSchema, "a JSON Schema")));
        }
        if (regex != null) {
            return Optional.of(OutputForm.regex(regex));
        }
        return Optional.ofNullable(choices).map(OutputForm.Choices::new);
    }

    /** The same problem, told of the file or the option that the form comes from. */
    BadInputException named(BadInputException problem) {
        String message = problem.getMessage();
        if (grammar != null && message.startsWith("grammar: ")) {
            return new BadInputException(grammar + message.substring("grammar".length()), problem);
        } else if (jsonSchema != null && message.startsWith("JSON schema: ")) {
            return new BadInputException(jsonSchema + message.substring("JSON schema".length()), problem);
        } else if (regex != null && message.startsWith("regular expression: ")) {
            return new BadInputException("--regex" + message.substring("regular expression".length()), problem);
        }
        return problem;
    }

    private static String read(Path file, String what) {
        if (!Files.exists(file) || Files.isDirectory(file)) {
            throw new BadInputException(
                    file + ": expected a file with " + what + ", found " + (Files.exists(file) ? "a folder" : "none"));
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new BadInputException(file + ": expected " + what + " in UTF-8, found other bytes", e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }
}
