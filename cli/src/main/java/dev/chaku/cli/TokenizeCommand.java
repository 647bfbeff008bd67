package dev.chaku.cli;

import dev.chaku.data.Printable;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku tokenize}: text to token ids. */
@Command(
        name = "tokenize",
        description = "Shows the tokens of a text under a model's tokenizer.",
        footer = {
            "",
            "Examples:",
            "  chaku tokenize --model base.gguf --text \"Hello, world\"",
            "  chaku tokenize --model base.gguf --text \"<|user|>Hi\" --no-special --json"
        })
final class TokenizeCommand extends Verb {
    @Reads
    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "A GGUF file; its weights are not read.")
    private Path model;

    @Option(names = "--text", required = true, paramLabel = "TEXT", description = "The text.")
    private String text;

    @Option(
            names = "--no-bos",
            description = "Leave out the tokens that the model adds around a text that does not spell them.")
    private boolean bare;

    @Mixin
    private SpecialOption special;

    @Override
    void execute() {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(model));
        int[] ids = tokenizer.encode(text, !bare, special.parse());
        List<String> pieces = Arrays.stream(ids).mapToObj(tokenizer::piece).toList();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("ids", ids);
        fields.put("pieces", pieces);
        List<String> texts =
                Arrays.stream(ids).mapToObj(id -> text(tokenizer, id)).toList();
        fields.put("texts", texts);
        result(fields, () -> {
            StringJoiner line = new StringJoiner(" ");
            for (int i = 0; i < ids.length; i++) {
                line.add(texts.get(i) + console().colour(Console.Colour.DIM, "(" + ids[i] + ")"));
            }
            console().print(line.toString());
            console().print(Words.count(ids.length, "token"));
        });
    }

    /** What a token writes where that is whole letters, with its spaces as dots; else as the vocabulary spells it. */
    private static String text(Tokenizer tokenizer, int id) {
        TokenDecoder decoder = tokenizer.decoder(true);
        String letters = decoder.add(id);
        boolean whole = !letters.isEmpty() && decoder.finish().isEmpty() && letters.indexOf('\uFFFD') < 0;
        return whole ? Printable.line(letters).replace(' ', '·') : tokenizer.piece(id);
    }
}
