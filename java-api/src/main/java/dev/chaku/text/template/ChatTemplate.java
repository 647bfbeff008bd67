package dev.chaku.text.template;

import dev.chaku.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A chat template: how a model wants a conversation written. Immutable and thread-safe.
 *
 * <p>Templates come from model files and so are not trusted: they can only compute, within limits on steps, depth and
 * size.
 */
public final class ChatTemplate {
  private static final Map<String, String> BUILT_IN = new TreeMap<>(BuiltInTemplates.all());

  private final String name;
  private final List<Node> nodes;
  private final String bos;
  private final String eos;
  private final Supplier<LocalDateTime> clock;

  private ChatTemplate(String name, List<Node> nodes, String bos, String eos, Supplier<LocalDateTime> clock) {
    this.name = name;
    this.nodes = nodes;
    this.bos = bos;
    this.eos = eos;
    this.clock = clock;
  }

  /** A rendered text, and the spans of it that lie in {@code {% generation %}} blocks: begin and end of each. */
  public record Rendered(String text, List<int[]> generations) {}

  /**
   * Parses a template.
   *
   * @param name what messages call it
   * @param bos the token before a text, as {@code bos_token}; may be empty
   * @param eos the token after a text, as {@code eos_token}; may be empty
   * @throws BadInputException if it is no Jinja, naming the line, what was expected and found
   */
  public static ChatTemplate parse(String name, String source, String bos, String eos) {
    try {
      return new ChatTemplate(name, List.copyOf(Parser.parse(name, source)), bos, eos, LocalDateTime::now);
    } catch (TemplateException e) {
      throw e.toBadInput(name);
    }
  }

  /**
   * A built-in template by its name, or one read from a file.
   *
   * @throws BadInputException if it is neither; the message lists the names
   */
  public static ChatTemplate named(String nameOrFile, String bos, String eos) {
    String builtIn = BUILT_IN.get(nameOrFile);
    if (builtIn != null) {
      return parse(nameOrFile, builtIn, bos, eos);
    }
    Path file = Path.of(nameOrFile);
    if (!Files.isRegularFile(file)) {
      throw new BadInputException(
          "chat template: expected a file or one of " + String.join(", ", BUILT_IN.keySet()) + ", found '" + nameOrFile + "'");
    }
    try {
      return parse(nameOrFile, Files.readString(file), bos, eos);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Names of the built-in templates. */
  public static List<String> builtInNames() {
    return List.copyOf(BUILT_IN.keySet());
  }

  /** The same template with another clock for {@code strftime_now}. */
  public ChatTemplate withClock(Supplier<LocalDateTime> newClock) {
    return new ChatTemplate(name, nodes, bos, eos, newClock);
  }

  /**
   * Renders a conversation.
   *
   * @param messages each with {@code role} and {@code content}, as plain Java values
   * @param tools descriptions of functions; empty for none
   * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
   * @throws BadInputException if the template refuses the conversation or fails
   */
  public String render(List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt) {
    return render(messages, tools, addGenerationPrompt, Map.of()).text();
  }

  /** Renders with further variables; see {@link #render(List, List, boolean)}. */
  public Rendered render(
      List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt, Map<String, Object> variables) {
    Interpreter run = new Interpreter(name);
    Scope globals = new Scope(null);
    Globals.define(globals, run, clock);
    globals.set("messages", messages);
    globals.set("add_generation_prompt", addGenerationPrompt);
    globals.set("bos_token", bos);
    globals.set("eos_token", eos);
    if (!tools.isEmpty()) {
      globals.set("tools", tools);
    }
    variables.forEach(globals::set);
    try {
      String text = run.run(nodes, new Scope(globals));
      return new Rendered(text, List.copyOf(run.generations()));
    } catch (TemplateException e) {
      throw e.toBadInput(name);
    } catch (Values.TooLarge e) {
      throw run.fault(run.line(), "expected values of ordinary size to print or compare, found larger ones").toBadInput(name);
    } catch (StackOverflowError e) {
      throw new BadInputException(name + ": expected a template of ordinary depth, found one nested too deep", e);
    }
  }

  /** What the template itself said when it refused the conversation, if that is why rendering failed. */
  public static Optional<String> refusal(BadInputException failure) {
    return failure.getCause() instanceof TemplateException e && e.isRaised() ? Optional.of(e.getMessage()) : Optional.empty();
  }
}
