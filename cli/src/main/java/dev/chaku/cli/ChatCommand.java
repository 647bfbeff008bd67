package dev.chaku.cli;

import dev.chaku.AdapterBase;
import dev.chaku.Chat;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku chat}: a conversation on a terminal, or of the lines of standard input. */
@Command(
        name = "chat",
        description = {
            "Talks with a model: each line is a message. A line that ends in \\ goes on in the next one.",
            "Ctrl-C stops an answer, Ctrl-D ends the conversation; /help lists what else can be done."
        },
        footer = {
            "",
            "Examples:",
            "  chaku chat --model base.gguf",
            "  chaku chat --model base.gguf --adapter runs/1 --system \"Be brief.\"",
            "  chaku chat --model base.gguf --adapter support@production --temperature 0",
            "  chaku chat --model base.gguf --draft small.gguf",
            "  printf 'Hello\\nWhat did I say?\\n' | chaku chat --model base.gguf > answers.txt",
            "  chaku chat --model base.gguf --prompt \"Hello\" --json < /dev/null"
        })
final class ChatCommand extends Verb {
    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base model, a GGUF file.")
    private Path modelFile;

    @Option(names = "--system", paramLabel = "TEXT", description = "What holds for the whole conversation.")
    private String system;

    @Option(names = "--prompt", paramLabel = "TEXT", description = "The first message.")
    private String prompt;

    @Reads
    @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
    private String chatTemplate;

    @Reads
    @Option(
            names = "--adapter",
            paramLabel = "DIR|FILE|NAME[=SCALE]",
            description = "A LoRA adapter to wear, see generate; may be repeated.")
    private List<String> adapters = List.of();

    @Mixin
    private RegistryOption registry;

    @Option(
            names = "--strict",
            description = "Refuse an adapter that was trained on another model file, which is otherwise only said.")
    private boolean strict;

    @Option(names = "--no-thinking", description = "Have the model answer at once, where its template can say so.")
    private boolean noThinking;

    @Option(
            names = "--max-tokens",
            defaultValue = "1024",
            paramLabel = "N",
            description = "Most tokens of an answer (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Mixin
    private SamplingArguments sampling;

    @Mixin
    private DraftOptions drafts;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private PrecisionOptions precision;

    @Override
    void validate() {
        requireAtLeast(1, "--max-tokens", maxTokens);
        drafts.check(this);
        sampling.options();
    }

    @Override
    void execute() throws IOException {
        List<AdapterArgument> worn = adapters.stream()
                .map(text -> AdapterArgument.parse(text, registry, console()))
                .toList();
        ModelOptions options = precision.apply(engine.modelOptions());
        try (Model model = Model.open(modelFile, options);
                Model draft = drafts.open(options)) {
            Chat chat = chatTemplate != null
                    ? Chat.with(model, model.chat(chatTemplate))
                    : model.chat()
                            .map(template -> Chat.with(model, template))
                            .orElseThrow(
                                    () -> new BadInputException(
                                            modelFile
                                                    + ": expected a model with a chat template, found none; name one with --chat-template"));
            if (system != null) {
                chat.system(system);
            }
            if (noThinking) {
                chat.thinking(false);
            }
            chat.generator().maxTokens(maxTokens).sampling(sampling.options());
            drafts.apply(chat.generator(), draft);
            AdapterBase base = AdapterBase.of(model);
            worn.forEach(a -> {
                AdapterBases.tell(console(), a.adapter().fit(base), strict);
                chat.generator().addAdapter(a.adapter(), a.scale());
            });
            try (ChatInput input = json() ? ChatInput.ofPipe() : ChatInput.ofProcess()) {
                ChatLoop loop = new ChatLoop(chat, model, input, console(), !json());
                loop.adapters(text -> AdapterArgument.parse(text, registry, console()));
                loop.run(prompt);
                if (json()) {
                    result(ChatFile.fields(chat.messages()), () -> {});
                }
            }
        }
    }
}
