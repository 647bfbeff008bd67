package dev.chaku.cli;

import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/** Hands every verb the console it writes to. */
final class VerbFactory implements IFactory {
  private final Console console;
  private final IFactory fallback = CommandLine.defaultFactory();

  VerbFactory(Console console) {
    this.console = console;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    K made = fallback.create(type);
    if (made instanceof Verb verb) {
      verb.attach(console);
    }
    return made;
  }
}
