package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An adapter on the command line: {@code DIR|FILE[=SCALE]}. */
record AdapterArgument(Adapter adapter, double scale) {
  static AdapterArgument parse(String text) {
    int equals = text.lastIndexOf('=');
    // A file may have '=' in its name.
    if (equals < 0 || Files.exists(Path.of(text))) {
      return new AdapterArgument(Adapter.load(Path.of(text)), 1);
    }
    String scale = text.substring(equals + 1);
    try {
      return new AdapterArgument(Adapter.load(Path.of(text.substring(0, equals))), Double.parseDouble(scale));
    } catch (NumberFormatException e) {
      throw new BadInputException("--adapter " + text + ": expected a number after '=', found '" + scale + "'", e);
    }
  }
}
