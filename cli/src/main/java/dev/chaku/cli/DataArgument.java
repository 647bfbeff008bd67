package dev.chaku.cli;

import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * A data file on the command line: {@code FILE[=WEIGHT]}, {@code -} for standard input, several separated by commas, or
 * a pattern as a shell has it. A file of that very name comes first, whatever signs the name has.
 *
 * @param weight how often each example stands in the data, if it was said
 */
record DataArgument(Path file, OptionalDouble weight) {
    private static final double MOST_WEIGHT = 1000;
    private static final Path STANDARD_INPUT = Path.of("/dev/stdin");
    private static final Pattern WEIGHTED = Pattern.compile("(.*)=[-+0-9.eE]+");

    private DataArgument(Path file) {
        this(file, OptionalDouble.empty());
    }

    /** Reads arguments, each of which may stand for several files. */
    static List<DataArgument> parse(List<String> texts) {
        List<DataArgument> arguments = new ArrayList<>();
        texts.forEach(text -> arguments.addAll(parse(text)));
        return arguments;
    }

    static List<DataArgument> parse(String text) {
        if (text.equals("-")) {
            return List.of(new DataArgument(STANDARD_INPUT));
        }
        Path whole = Path.of(text);
        if (Files.exists(whole)) {
            return List.of(new DataArgument(whole));
        }
        String[] pieces = text.split(",");
        if (pieces.length > 1 && !Files.exists(Path.of(withoutWeight(text)))) {
            return list(pieces);
        }
        int equals = text.lastIndexOf('=');
        OptionalDouble weight = equals < 0 ? OptionalDouble.empty() : OptionalDouble.of(weight(text, equals));
        Path file = Path.of(equals < 0 ? text : text.substring(0, equals));
        if (FilePattern.isOne(file) && !Files.exists(file)) {
            return FilePattern.files(file).stream()
                    .map(found -> new DataArgument(found, weight))
                    .toList();
        }
        return List.of(new DataArgument(file, weight));
    }

    /** Pieces between commas, some of which may belong to one name: as many as make a file that is there. */
    private static List<DataArgument> list(String[] pieces) {
        List<DataArgument> arguments = new ArrayList<>();
        for (int i = 0; i < pieces.length; ) {
            int end = i + 1;
            for (int to = pieces.length; to > i + 1; to--) {
                if (Files.exists(Path.of(withoutWeight(joined(pieces, i, to))))) {
                    end = to;
                    break;
                }
            }
            if (end > i + 1 || !pieces[i].isEmpty()) {
                arguments.addAll(parse(joined(pieces, i, end)));
            }
            i = end;
        }
        return arguments;
    }

    private static String joined(String[] pieces, int from, int to) {
        return String.join(",", List.of(pieces).subList(from, to));
    }

    private static String withoutWeight(String text) {
        Matcher weighted = WEIGHTED.matcher(text);
        return !Files.exists(Path.of(text)) && weighted.matches() ? weighted.group(1) : text;
    }

    private static double weight(String text, int equals) {
        double weight;
        try {
            weight = Double.parseDouble(text.substring(equals + 1));
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    "--data " + text + ": expected a file, or a number after '=', found '" + text.substring(equals + 1)
                            + "'",
                    e);
        }
        if (!(weight > 0 && weight <= MOST_WEIGHT)) {
            throw BadInputException.ofSetting("data", "a weight of more than 0 and at most 1000 after '='", text);
        }
        return weight;
    }

    /** The files that texts name, without weights. */
    static List<Path> files(List<String> texts) {
        return parse(texts).stream().map(DataArgument::file).toList();
    }

    /**
     * Refuses flags that are not known and were taken for files, since a list of files ends at the next flag that is.
     *
     * @throws UnmatchedArgumentException which the usage's handler explains
     */
    static void requireNoFlags(CommandLine line, List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            if (texts.get(i).startsWith("--") && !Files.exists(Path.of(texts.get(i)))) {
                throw new UnmatchedArgumentException(line, texts.subList(i, texts.size()));
            }
        }
    }

    /** Reads the files, one after the other; where one has a weight they are mixed, and the console is told of what. */
    static Dataset read(List<String> arguments, Dataset.Options options, long seed, Console console) {
        List<DataArgument> files = parse(arguments);
        if (files.stream().noneMatch(file -> file.weight().isPresent())) {
            return Dataset.read(files.stream().map(DataArgument::file).toList(), options);
        }
        List<Dataset.Part> parts = new ArrayList<>();
        for (DataArgument argument : files) {
            Dataset data = Dataset.read(List.of(argument.file()), options);
            double weight = argument.weight().orElse(1);
            parts.add(new Dataset.Part(data, weight));
            console.note(String.format(
                    Locale.ROOT,
                    "%s: %d examples, each %s times",
                    argument.file(),
                    data.examples().size(),
                    plain(weight)));
        }
        return Dataset.mix(parts, seed);
    }

    private static String plain(double weight) {
        return weight == Math.rint(weight) ? Long.toString((long) weight) : Double.toString(weight);
    }
}
