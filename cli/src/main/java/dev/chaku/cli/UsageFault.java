package dev.chaku.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.MutuallyExclusiveArgsException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says in words what is wrong with a command line; the parser's own messages speak of its types and of groups. */
final class UsageFault {
    private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]*");

    private UsageFault() {}

    /** @param arguments the command line as it was typed, as far as it is known */
    static String words(ParameterException failure, String... arguments) {
        // A flag that is not there is why a required one is missing, or the first thing to mend.
        Optional<String> unknown = failure instanceof MissingParameterException
                ? Suggestions.unknownFlag(failure.getCommandLine().getCommandSpec(), arguments)
                : Optional.empty();
        if (unknown.isPresent()) {
            return withSuggestions(
                    "unknown option '" + unknown.get() + "'",
                    Suggestions.flags(unknown.get(), failure.getCommandLine().getCommandSpec()));
        }
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unmatched(unmatched);
        }
        if (failure instanceof MissingParameterException missing) {
            return missing(missing);
        }
        if (failure instanceof MutuallyExclusiveArgsException) {
            return "expected one of " + options(failure.getMessage()) + ", found several";
        }
        if (failure.getArgSpec() != null && failure.getValue() != null) {
            return name(failure.getArgSpec()) + ": " + unreadable(failure);
        }
        return failure.getMessage();
    }

    private static String unmatched(UnmatchedArgumentException failure) {
        CommandLine line = failure.getCommandLine();
        String first =
                failure.getUnmatched().isEmpty() ? "" : failure.getUnmatched().get(0);
        String what = "unexpected argument '" + first + "'";
        if (failure.isUnknownOption()) {
            what = "unknown option '" + first.replaceAll("=.*", "") + "'";
        } else if (!line.getSubcommands().isEmpty()) {
            what = "unknown verb '" + first + "'";
        }
        return withSuggestions(what, Suggestions.of(failure));
    }

    private static String withSuggestions(String what, List<String> near) {
        return near.isEmpty() ? what : what + "; did you mean " + String.join(" or ", near) + "?";
    }

    private static String missing(MissingParameterException failure) {
        List<ArgSpec> missing = failure.getMissing();
        if (missing.isEmpty()) {
            return "expected one of " + options(failure.getMessage()) + ", found none";
        }
        ArgSpec first = missing.get(0);
        if (first.group() != null) {
            String choices =
                    first.group().args().stream().map(UsageFault::withLabel).collect(Collectors.joining(", "));
            return "expected one of " + choices + ", found none";
        }
        if (!first.required() || missing.size() == 1 && isGiven(failure.getCommandLine(), first)) {
            return name(first) + ": expected a value (" + first.paramLabel() + "), found none";
        }
        return "expected "
                + missing.stream().map(UsageFault::withLabel).sorted().collect(Collectors.joining(", "))
                + ", found none";
    }

    private static boolean isGiven(CommandLine line, ArgSpec arg) {
        List<String> words = line.getParent() == null ? List.of() : originalArgs(line);
        return arg instanceof OptionSpec option && Arrays.stream(option.names()).anyMatch(words::contains);
    }

    private static List<String> originalArgs(CommandLine line) {
        CommandLine root = line;
        while (root.getParent() != null) {
            root = root.getParent();
        }
        return root.getParseResult() == null ? List.of() : root.getParseResult().originalArgs();
    }

    /** What a value should be, by its type; converters of our own say it themselves. */
    private static String unreadable(ParameterException failure) {
        ArgSpec arg = failure.getArgSpec();
        Class<?> type = arg.auxiliaryTypes().length > 0 ? arg.auxiliaryTypes()[0] : arg.type();
        String found = ", found '" + failure.getValue() + "'";
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            boolean digits = failure.getValue().matches("[+-]?[0-9]+");
            boolean oursSay = failure.getCause() instanceof TypeConversionException && arg.converters().length > 0;
            return oursSay
                    ? failure.getCause().getMessage()
                    : (digits ? "expected a smaller number" : "expected a whole number") + found;
        }
        if (type == double.class || type == Double.class || type == float.class || type == Float.class) {
            return "expected a number" + found;
        }
        if (type == Path.class) {
            return "expected the name of a file" + found;
        }
        if (failure.getCause() instanceof TypeConversionException told) {
            return told.getMessage();
        }
        return type.isEnum() ? "expected " + choices(type) + found : "expected another value" + found;
    }

    private static String choices(Class<?> type) {
        return Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private static String options(String message) {
        Set<String> names = new LinkedHashSet<>();
        Matcher matcher = OPTION.matcher(message);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return String.join(", ", names);
    }

    private static String withLabel(ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() + " " + arg.paramLabel() : arg.paramLabel();
    }

    private static String name(ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel();
    }
}
