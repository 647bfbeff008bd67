package dev.chaku.cli;

import dev.chaku.data.ChatRenderer;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The side of a model that data see: its tokenizer and chat template, from a GGUF file whose weights are not read and
 * may be absent.
 *
 * @param contextLength in tokens, as the file says; very long where it does not
 */
record TextModel(Tokenizer tokenizer, @Nullable ChatRenderer chat, int contextLength) {
    /** The options that name one. */
    static final class Options {
        @Reads
        @Option(
                names = "--model",
                paramLabel = "FILE",
                description = "The model to be trained, a GGUF file: tokens are then its own, else they are estimated.")
        private Path file;

        @Reads
        @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
        private String chatTemplate;

        Optional<Path> file() {
            return Optional.ofNullable(file);
        }

        @Nullable
        String chatTemplate() {
            return chatTemplate;
        }

        /** Reads what the options name, or nothing without {@code --model}. */
        Optional<TextModel> read() {
            return file().map(path -> TextModel.read(path, chatTemplate));
        }
    }

    static TextModel read(Path path, @Nullable String namedTemplate) {
        GgufFile file = GgufFile.read(path);
        Tokenizer tokenizer = Tokenizers.of(file);
        String bos = piece(tokenizer, tokenizer.bos());
        String eos = piece(tokenizer, tokenizer.eos());
        Optional<ChatTemplate> template = namedTemplate != null
                ? Optional.of(ChatTemplate.named(namedTemplate, bos, eos))
                : file.metadata()
                        .findString("tokenizer.chat_template")
                        .map(source -> ChatTemplate.parse(path + ": chat template", source, bos, eos));
        long context = file.metadata()
                .findString("general.architecture")
                .map(name -> file.metadata().findLong(name + ".context_length").orElse(Long.MAX_VALUE))
                .orElse(Long.MAX_VALUE);
        return new TextModel(tokenizer, template.map(ChatRenderer::of).orElse(null), (int)
                Math.max(2, Math.min(context, Integer.MAX_VALUE)));
    }

    private static String piece(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()) : "";
    }
}
