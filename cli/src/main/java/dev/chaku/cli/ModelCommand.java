package dev.chaku.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code chaku model}: verbs about a model file. */
@Command(
    name = "model",
    description = "Looks at model files.",
    subcommands = {ModelInspectCommand.class},
    footer = {"", "Example:", "  chaku model inspect base.gguf"})
final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("unused")
  private boolean help;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "model needs a verb: " + String.join(", ", spec.subcommands().keySet()));
  }
}
