package dev.chaku.cli;

import dev.chaku.BadInputException;
import dev.chaku.data.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A data file on the command line: {@code FILE[=WEIGHT]}.
 *
 * @param weight how often each example stands in the data, if it was said
 */
record DataArgument(Path file, OptionalDouble weight) {
  static DataArgument parse(String text) {
    int equals = text.lastIndexOf('=');
    // A file may have '=' in its name.
    if (equals < 0 || Files.exists(Path.of(text))) {
      return new DataArgument(Path.of(text), OptionalDouble.empty());
    }
    try {
      double weight = Double.parseDouble(text.substring(equals + 1));
      return new DataArgument(Path.of(text.substring(0, equals)), OptionalDouble.of(weight));
    } catch (NumberFormatException e) {
      throw new BadInputException(
          "--data " + text + ": expected a file, or a number after '=', found '" + text.substring(equals + 1) + "'", e);
    }
  }

  /** Reads the files, one after the other; where one has a weight they are mixed, and the console is told of what. */
  static Dataset read(List<String> arguments, Dataset.Options options, long seed, Console console) {
    List<DataArgument> files = arguments.stream().map(DataArgument::parse).toList();
    if (files.stream().noneMatch(file -> file.weight().isPresent())) {
      return Dataset.read(files.stream().map(DataArgument::file).toList(), options);
    }
    List<Dataset.Part> parts = new ArrayList<>();
    for (DataArgument argument : files) {
      Dataset data = Dataset.read(List.of(argument.file()), options);
      double weight = argument.weight().orElse(1);
      parts.add(new Dataset.Part(data, weight));
      console.note(
          String.format(
              Locale.ROOT, "%s: %d examples, each %s times", argument.file(), data.examples().size(), plain(weight)));
    }
    return Dataset.mix(parts, seed);
  }

  private static String plain(double weight) {
    return weight == Math.rint(weight) ? Long.toString((long) weight) : Double.toString(weight);
  }
}
