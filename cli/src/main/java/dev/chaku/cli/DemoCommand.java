package dev.chaku.cli;

import dev.chaku.cli.demo.BaseBuilder;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaku demo}: a fine-tuning from start to end, on a base and data of our own. */
@Command(name = "demo", description = "Fine-tunes a tiny built-in model and shows its answers before and after.")
final class DemoCommand extends Verb {
  @Option(names = "--rebuild-base", paramLabel = "DIR", description = "Instead, make the base model anew.")
  private Path rebuild;

  @Option(names = "--rebuild-epochs", defaultValue = "16", hidden = true)
  private int epochs;

  @Override
  void execute() throws Exception {
    try (TrainingDisplay display = new TrainingDisplay(console())) {
      Path base = BaseBuilder.build(rebuild, epochs, display);
      console().print(base.toString());
    }
  }
}
