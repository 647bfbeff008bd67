package dev.chaku.cli;

import dev.chaku.AdapterBase;
import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku generate}: text from a prompt. */
@Command(
        name = "generate",
        description = "Generates text from a prompt.",
        footer = {
            "",
            "Examples:",
            "  chaku generate --model base.gguf --prompt \"Once upon a time\" --max-tokens 100",
            "  chaku generate --model base.gguf --chat --prompt \"What is a llama?\"",
            "  chaku generate --model base.gguf --adapter runs/1 --prompt \"Hello\" --temperature 0",
            "  chaku generate --model base.gguf --adapter runs/1=0.5 --adapter other.gguf --prompt-file p.txt --json",
            "  chaku generate --model base.gguf --adapter support@production --prompt \"Hello\"",
            "  chaku generate --model base.gguf --chat --prompt \"Is it spam? Win $$$\" --choices yes,no --json",
            "  chaku generate --model base.gguf --prompt \"A date: \" --regex \"[0-9]{4}-[0-9]{2}-[0-9]{2}\"",
            "  chaku generate --model base.gguf --prompt \"A move: \" --grammar chess.gbnf",
            "  chaku generate --model base.gguf --chat --prompt-file mail.txt --json-schema order.json",
            "  chaku generate --model base.gguf --prompts questions.jsonl --concurrency 16 > answers.jsonl",
            "  chaku generate --model base.gguf --prompt \"A name for a cat:\" --n 5 --seed 1",
            "  chaku generate --model base.gguf --chat --prompt-file essay.txt --lookup",
            "  chaku generate --model base.gguf --prompt \"Hello\" --draft small.gguf --draft-tokens 5",
            "  chaku generate --model base.gguf --tokens 1,15,7 --max-tokens 0 --logits logits.f32"
        })
final class GenerateCommand extends Verb {
    /** What is gone on from. */
    static final class Prompt {
        @Option(names = "--prompt", paramLabel = "TEXT", description = "The text to go on from.")
        private String text;

        @Reads
        @Option(names = "--prompt-file", paramLabel = "FILE", description = "A UTF-8 file with the text to go on from.")
        private Path file;

        @Option(names = "--tokens", split = ",", paramLabel = "ID", description = "Token ids in place of a text.")
        private List<Integer> tokens;

        @Reads
        @Option(
                names = "--prompts",
                paramLabel = "FILE",
                description =
                        "Many prompts: lines of JSON with prompt, messages or tokens, and adapter, seed, max_tokens and json_schema where they differ. Each answer is a line of JSON, in the same order.")
        private Path lines;
    }

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base model, a GGUF file.")
    private Path modelFile;

    @Option(
            names = "--chat",
            description = "The prompt is a user's message, to be written by the model's chat template.")
    private boolean chat;

    @Option(names = "--system", paramLabel = "TEXT", description = "With --chat: a system message before it.")
    private String system;

    @Reads
    @Option(
            names = "--chat-template",
            paramLabel = "NAME|FILE",
            description = "With --chat: in place of the model's own.")
    private String chatTemplate;

    @Reads
    @Option(
            names = "--adapter",
            paramLabel = "DIR|FILE|NAME[=SCALE]",
            description =
                    "A LoRA adapter to wear, with a scale of 1 unless given; may be repeated. NAME is one of the registry: name, name@3, name@production.")
    private List<String> adapters = List.of();

    @Mixin
    private RegistryOption registry;

    @Option(
            names = "--strict",
            description = "Refuse an adapter that was trained on another model file, which is otherwise only said.")
    private boolean strict;

    @ArgGroup(multiplicity = "1")
    private Prompt prompt;

    @Option(
            names = "--max-tokens",
            defaultValue = "256",
            paramLabel = "N",
            description = "Most tokens to generate (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Mixin
    private SpecialOption special;

    @Mixin
    private SamplingArguments sampling;

    @Mixin
    private FormOptions form;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End before this text; may be repeated.")
    private List<String> stops = List.of();

    @Writes
    @Option(
            names = "--logits",
            paramLabel = "FILE",
            description = "Write the logits of every prompt position, float32 [T][V].")
    private Path logits;

    @Mixin
    private CrowdOptions crowd;

    @Mixin
    private DraftOptions drafts;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private PrecisionOptions precision;

    @Override
    void validate() {
        requireBeside("--chat", "--system", "--chat-template");
        refuseBeside("--tokens", "--chat");
        requireBeside("--logits", "--overwrite");
        for (int i = 0; i < FormOptions.NAMES.length; i++) {
            String[] others = Arrays.copyOfRange(FormOptions.NAMES, i + 1, FormOptions.NAMES.length);
            refuseBeside(FormOptions.NAMES[i], others);
        }
        requireEitherBeside("--close-form", FormOptions.NAMES);
        requireBeside("--adapter", "--strict", "--registry");
        requireAtLeast(0, "--max-tokens", maxTokens);
        refuseBeside("--prompts", "--logits", "--n");
        requireAtLeast(1, "--n", crowd.n());
        requireAtLeast(1, "--concurrency", crowd.concurrency());
        requireAtLeast(0, "--logprobs", crowd.logprobs());
        requireEitherBeside("--concurrency", "--prompts", "--n");
        if (given("--logprobs") && !json() && !given("--prompts") && !given("--n")) {
            throw usage("--logprobs has no effect without --json: give both or neither");
        }
        drafts.check(this);
        sampling.options();
        if (sampling.isGreedy()) {
            for (String option : new String[] {"--top-k", "--top-p", "--min-p", "--seed"}) {
                if (given(option)) {
                    console()
                            .note("note: " + option
                                    + " has no effect at --temperature 0, which always takes the most likely token");
                }
            }
        }
    }

    @Override
    void execute() {
        List<AdapterArgument> worn = adapters.stream()
                .map(text -> AdapterArgument.parse(text, registry, console()))
                .toList();
        ModelOptions options = precision.apply(engine.modelOptions());
        try (Model model = Model.open(modelFile, options);
                Model draft = drafts.open(options)) {
            AdapterBase base = AdapterBase.of(model);
            worn.forEach(
                    argument -> AdapterBases.tell(console(), argument.adapter().fit(base), strict));
            Optional<OutputForm> asked = form.form();
            if (prompt.lines != null) {
                answerLines(model, () -> prepared(model, draft, worn, asked));
                return;
            }
            Generator generator = prepared(model, draft, worn, asked);
            setPrompt(model, generator);
            boolean bare = prompt.tokens == null && !chat && model.chat().isPresent();
            tellBarePrompt(bare, worn);
            if (logits != null) {
                writeLogits(generator.logits(generator.promptTokens()));
            }
            if (given("--n")) {
                answerManyTimes(generator);
                return;
            }
            if (!json()) {
                generator.onText(piece -> {
                    console().out().print(piece);
                    console().out().flush();
                });
            }
            Generation generation = generate(generator);
            report(generation);
            tellEmptyAnswer(generation, bare);
            tellCutForm(generation);
        }
    }

    private Generator prepared(
            Model model, @Nullable Model draft, List<AdapterArgument> worn, Optional<OutputForm> asked) {
        Generator generator = model.generator()
                .maxTokens(maxTokens)
                .sampling(sampling.options())
                .stop(stops.toArray(String[]::new));
        asked.ifPresent(generator::form);
        generator.closeForm(form.isClosed());
        worn.forEach(a -> generator.addAdapter(a.adapter(), a.scale()));
        crowd.apply(generator, given("--logprobs"));
        drafts.apply(generator, draft);
        return generator;
    }

    /** Several answers to one prompt, each with a seed of its own. */
    private void answerManyTimes(Generator generator) {
        try (Answers answers = new Answers(console(), crowd.concurrency())) {
            for (int i = 0; i < crowd.n(); i++) {
                generator.sampling(
                        sampling.options().withSeed(sampling.options().seed() + i));
                answers.add("answer " + (i + 1), generator);
            }
            answers.finish();
        } catch (BadInputException e) {
            throw form.named(e);
        }
    }

    private void answerLines(Model model, Supplier<Generator> prepared) {
        List<PromptLine> lines = PromptLine.read(prompt.lines);
        try (PromptAdapters adapters = new PromptAdapters(model, registry, console(), strict);
                Answers answers = new Answers(console(), crowd.concurrency())) {
            lines.forEach(line -> line.adapters(adapters)); // all that is wrong is said before any work
            for (PromptLine line : lines) {
                Generator generator = prepared.get();
                line.apply(() -> {
                    line.settings(generator, adapters);
                    if (line.tokens() != null) {
                        generator.tokens(line.tokens());
                    } else if (line.messages() != null) {
                        generator.chat(line.messages(), template(model));
                    } else if (chat) {
                        generator.chat(messages(line.prompt()), template(model));
                    } else {
                        generator.prompt(line.prompt(), special.parse());
                    }
                });
                answers.add(line.where(), generator);
            }
            answers.finish();
        }
    }

    private Generation generate(Generator generator) {
        try {
            return generator.generate();
        } catch (BadInputException e) {
            throw form.named(e);
        }
    }

    private void tellCutForm(Generation generation) {
        if (generation.form().isPresent() && !generation.form().get().complete()) {
            console()
                    .note("note: the answer has not the form that was asked for: "
                            + (generation.finishReason() == FinishReason.LENGTH
                                    ? "--max-tokens or the context of the model ended it before"
                                    : "it was stopped before"));
        }
    }

    /**
     * An adapter of conversations has learned what to say after the template's marks, and to a bare text it says
     * little.
     */
    private void tellBarePrompt(boolean bare, List<AdapterArgument> worn) {
        if (bare && worn.stream().anyMatch(argument -> argument.adapter().isTrainedOnConversations())) {
            console()
                    .note(
                            "note: the adapter was trained on conversations, and the prompt is a bare text; --chat makes it a user's message");
        }
    }

    private void tellEmptyAnswer(Generation generation, boolean bare) {
        if (generation.text().isEmpty() && maxTokens > 0) {
            console()
                    .note("note: the answer is empty: "
                            + (generation.tokens().length > 1 ? "its tokens are no text" : "the model ended it at once")
                            + (bare
                                    ? "; the model has a chat template, --chat makes the prompt a user's message"
                                    : ""));
        }
    }

    private void setPrompt(Model model, Generator generator) {
        if (prompt.tokens != null) {
            generator.tokens(prompt.tokens.stream().mapToInt(Integer::intValue).toArray());
            return;
        }
        String text = prompt.text;
        if (prompt.file != null) {
            if (!Files.exists(prompt.file) || Files.isDirectory(prompt.file)) {
                throw new BadInputException(prompt.file + ": expected a text file with the prompt, found "
                        + (Files.exists(prompt.file) ? "a folder" : "none"));
            }
            try {
                text = Files.readString(prompt.file);
            } catch (IOException e) {
                throw FileFault.notRead(prompt.file, e);
            }
        }
        if (chat) {
            generator.chat(messages(text), template(model));
        } else {
            generator.prompt(text, special.parse());
        }
    }

    private List<Map<String, Object>> messages(String text) {
        Map<String, Object> user = Map.of("role", "user", "content", text);
        return system == null ? List.of(user) : List.of(Map.of("role", "system", "content", system), user);
    }

    private ChatTemplate template(Model model) {
        return chatTemplate != null
                ? model.chat(chatTemplate)
                : model.chat()
                        .orElseThrow(
                                () -> new BadInputException(
                                        modelFile
                                                + ": --chat expects a model with a chat template, found none; name one with --chat-template"));
    }

    private void writeLogits(float[][] rows) {
        try (FileDraft draft = output(logits).begin()) {
            for (float[] row : rows) {
                ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(row);
                while (bytes.hasRemaining()) {
                    draft.channel().write(bytes);
                }
            }
            draft.place();
        } catch (IOException e) {
            throw FileFault.notWritten(logits, e);
        }
    }

    private void report(Generation generation) {
        result(Answers.fields(generation), () -> {
            console().print("");
            console()
                    .note(console()
                            .errorColour(
                                    Console.Colour.DIM,
                                    String.format(
                                            Locale.ROOT,
                                            "%d + %d tokens, prefill %.0f tokens/s, decode %.1f tokens/s%s, ended by %s",
                                            generation.promptTokens(),
                                            generation.tokens().length,
                                            generation.prefillTokensPerSecond(),
                                            generation.decodeTokensPerSecond(),
                                            DraftOptions.told(generation),
                                            generation.finishReason().label())));
        });
    }
}
