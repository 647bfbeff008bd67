package dev.chaku.cli;

import dev.chaku.Chat;
import dev.chaku.Model;
import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.ChatReply;
import dev.chaku.chat.Message;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The messages of a conversation and their answers, and the commands among them. */
final class ChatLoop {
    private static final String[][] COMMANDS = {
        {"/adapter", "[DIR|FILE|NAME[=SCALE]|off]", "wear an adapter in place of the others, or none"},
        {"/clear", "", "forget all messages but the system message"},
        {"/exit", "", "end, as Ctrl-D does"},
        {"/help", "", "show this"},
        {"/load", "FILE", "go on with a conversation that was saved"},
        {"/regen", "", "another answer to the last message"},
        {"/save", "FILE", "write the conversation, as a line of training data"},
        {"/schema", "[FILE|off]", "answers are JSON by this JSON Schema, or free"},
        {"/stats", "", "tokens and speed of the last answer"},
        {"/system", "[TEXT]", "set what holds for the whole conversation, or nothing"},
        {"/undo", "", "take back the last message and its answer"}
    };

    private final Chat chat;
    private final Model model;
    private final ChatInput input;
    private final Console console;
    private final boolean prints;
    private Function<String, AdapterArgument> adapters = text -> {
        throw new BadInputException("adapter: expected none");
    };
    private @Nullable Generation last;
    private long draws;
    private boolean thinking;
    private boolean ended;

    ChatLoop(Chat chat, Model model, ChatInput input, Console console, boolean prints) {
        this.chat = chat;
        this.model = model;
        this.input = input;
        this.console = console;
        this.prints = prints;
        chat.onEvent(this::show);
    }

    /** How {@code /adapter} finds one. */
    void adapters(Function<String, AdapterArgument> find) {
        this.adapters = find;
    }

    static List<String> commands() {
        List<String> names = new ArrayList<>();
        for (String[] command : COMMANDS) {
            names.add(command[0]);
        }
        return names;
    }

    /** Talks until the input ends. */
    void run(@Nullable String first) throws IOException {
        if (input.isTerminal()) {
            console.note(console.errorColour(Console.Colour.DIM, "/help lists commands, Ctrl-D ends"));
        }
        if (first != null) {
            take(first);
        }
        while (!ended) {
            String line = input.next();
            if (line == null) {
                return;
            }
            if (line.equals(ChatInput.INTERRUPTED)) {
                console.note(console.errorColour(Console.Colour.DIM, "Ctrl-D ends"));
            } else if (!line.isBlank()) {
                take(line);
            }
        }
    }

    /** A message or a command. On a terminal what fails is told and the conversation goes on. */
    private void take(String line) {
        try {
            if (line.startsWith("//")) {
                say(line.substring(1));
            } else if (line.startsWith("/")) {
                String[] parts = line.strip().split("\\s+", 2);
                command(parts[0], parts.length > 1 ? parts[1] : "");
            } else {
                say(line);
            }
        } catch (ChakuException e) {
            if (!input.isTerminal()) {
                throw e;
            }
            console.error(e.getMessage());
        }
    }

    private void say(String text) {
        answer(() -> chat.say(text));
    }

    private void answer(Supplier<ChatReply> ask) {
        thinking = false;
        input.stoppable(
                () -> {
                    ChatReply reply = ask.get();
                    last = reply.generation();
                    tellEnd(reply);
                },
                chat::cancel);
    }

    private void tellEnd(ChatReply reply) {
        if (prints) {
            console.print("");
        }
        String why = reply.generation().finishReason() == FinishReason.LENGTH
                ? "cut by --max-tokens or the context of the model"
                : reply.generation().finishReason() == FinishReason.CANCELLED ? "stopped" : "";
        if (!why.isEmpty()) {
            console.note(console.errorColour(Console.Colour.DIM, "(" + why + ")"));
        }
    }

    private void show(ChatEvent event) {
        if (!prints) {
            return;
        }
        if (event instanceof ChatEvent.Reasoning piece) {
            thinking = true;
            console.out().print(console.colour(Console.Colour.DIM, piece.piece()));
        } else if (event instanceof ChatEvent.Text piece) {
            if (thinking) {
                console.out().print("\n\n");
                thinking = false;
            }
            console.out().print(piece.piece());
        }
        console.out().flush();
    }

    private void command(String name, String argument) {
        switch (name) {
            case "/adapter" -> adapter(argument);
            case "/clear" ->
                chat.messages(chat.messages().stream()
                        .filter(Message.System.class::isInstance)
                        .toList());
            case "/exit", "/quit" -> ended = true;
            case "/help" -> help();
            case "/load" -> load(file(name, argument));
            case "/regen" -> {
                // The same seed would give the same answer.
                chat.generator().seed(++draws);
                answer(chat::again);
            }
            case "/save" -> {
                ChatFile.write(file(name, argument), chat.messages());
                console.note("wrote " + argument);
            }
            case "/schema" -> schema(argument);
            case "/stats" -> stats();
            case "/system" -> chat.system(argument);
            case "/undo" -> {
                if (!chat.undo()) {
                    throw new BadInputException("/undo: expected a message to take back, found none");
                }
            }
            default ->
                throw new BadInputException(
                        name + ": expected one of " + String.join(" ", commands()) + "; a message begins with //");
        }
    }

    private static Path file(String command, String argument) {
        if (argument.isEmpty()) {
            throw new BadInputException(command + ": expected a file, found none");
        }
        return Path.of(argument);
    }

    private void help() {
        for (String[] command : COMMANDS) {
            console.print(
                    String.format(Locale.ROOT, "  %-38s %s", (command[0] + " " + command[1]).strip(), command[2]));
        }
        console.print("  A line that ends in \\ goes on in the next; a message that begins with / is written with //.");
    }

    private void adapter(String argument) {
        if (argument.isEmpty() || argument.equals("off")) {
            chat.generator().withoutAdapters();
            return;
        }
        AdapterArgument found = adapters.apply(argument);
        chat.generator().adapter(found.adapter(), found.scale());
        console.note("wearing " + found.name());
    }

    private void load(Path file) {
        List<Message> messages = ChatFile.read(file);
        chat.messages(messages);
        console.note(messages.size() + " messages");
    }

    private void schema(String argument) {
        if (argument.isEmpty() || argument.equals("off")) {
            chat.withoutForm();
            return;
        }
        Path file = Path.of(argument);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": expected a file with a JSON Schema, found none");
        }
        try {
            chat.form(OutputForm.jsonSchema(Files.readString(file)));
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    private void stats() {
        if (last == null) {
            throw new BadInputException("/stats: expected an answer, found none yet");
        }
        console.print(String.format(
                Locale.ROOT,
                "%d messages; last answer: %d tokens after %d (%d of them cached) of %d; prefill %.0f tokens/s, decode %.1f tokens/s",
                chat.messages().size(),
                last.tokens().length,
                last.promptTokens(),
                last.cachedTokens(),
                model.contextLength(),
                last.prefillTokensPerSecond(),
                last.decodeTokensPerSecond()));
    }
}
