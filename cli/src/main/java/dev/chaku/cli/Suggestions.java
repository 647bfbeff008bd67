package dev.chaku.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/** What somebody may have meant who wrote a flag or verb that is not there. */
final class Suggestions {
    private static final int MOST = 3;

    /** What other trainers and runtimes call our flags. */
    private static final Map<String, String> ELSEWHERE = Map.ofEntries(
            Map.entry("lr", "learning-rate"),
            Map.entry("r", "rank"),
            Map.entry("lora-r", "rank"),
            Map.entry("lora-rank", "rank"),
            Map.entry("lora-alpha", "alpha"),
            Map.entry("lora-dropout", "dropout"),
            Map.entry("target-modules", "targets"),
            Map.entry("layers-to-transform", "layers"),
            Map.entry("rank-pattern", "rank"),
            Map.entry("num-train-epochs", "epochs"),
            Map.entry("num-epochs", "epochs"),
            Map.entry("max-seq-length", "max-length"),
            Map.entry("seq-len", "max-length"),
            Map.entry("cutoff-len", "max-length"),
            Map.entry("ctx-size", "max-length"),
            Map.entry("gradient-accumulation-steps", "grad-accumulation"),
            Map.entry("dataset", "data"),
            Map.entry("train-data", "data"),
            Map.entry("train-file", "data"),
            Map.entry("validation-data", "eval-data"),
            Map.entry("val-split", "eval-split"),
            Map.entry("output-dir", "out"),
            Map.entry("output", "out"),
            Map.entry("o", "out"),
            Map.entry("base", "model"),
            Map.entry("base-model", "model"),
            Map.entry("m", "model"),
            Map.entry("lora", "adapter"),
            Map.entry("model-draft", "draft"),
            Map.entry("md", "draft"),
            Map.entry("draft-max", "draft-tokens"),
            Map.entry("n-predict", "max-tokens"),
            Map.entry("n", "max-tokens"),
            Map.entry("max-new-tokens", "max-tokens"),
            Map.entry("temp", "temperature"),
            Map.entry("p", "prompt"),
            Map.entry("f", "prompt-file"),
            Map.entry("file", "prompt-file"),
            Map.entry("outtype", "type"),
            Map.entry("combination-type", "method"),
            Map.entry("majority-sign-method", "sign"),
            Map.entry("svd-rank", "rank"),
            Map.entry("force", "overwrite"));

    private Suggestions() {}

    /** The likely ones, the likeliest first; none if nothing is near. */
    static List<String> of(UnmatchedArgumentException failure) {
        String wrong =
                failure.getUnmatched().isEmpty() ? "" : failure.getUnmatched().get(0);
        if (!wrong.startsWith("-")) {
            int most = Math.max(2, wrong.length() / 2);
            return failure.getSuggestions().stream()
                    .filter(verb -> distance(bare(wrong), bare(verb)) <= most)
                    .toList();
        }
        return flags(wrong, failure.getCommandLine().getCommandSpec());
    }

    /** The first argument of a verb that looks like a flag, is no value of one, and is none of the verb's. */
    static Optional<String> unknownFlag(CommandSpec verb, String[] arguments) {
        OptionSpec before = null;
        int from = Arrays.asList(arguments).indexOf(verb.name()) + 1;
        for (String argument : Arrays.asList(arguments).subList(from, arguments.length)) {
            if (argument.equals("--")) {
                break;
            }
            boolean value = before != null && before.arity().max() > 0;
            before = verb.findOption(argument);
            boolean flag = argument.matches("--?[a-zA-Z][^\\s]*");
            if (!value && flag && verb.findOption(argument.replaceAll("=.*", "")) == null) {
                return Optional.of(argument.replaceAll("=.*", ""));
            }
        }
        return Optional.empty();
    }

    /** The flags of a verb that are near to a wrong one. */
    static List<String> flags(String wrong, CommandSpec verb) {
        String name = bare(wrong.replaceAll("=.*", ""));
        List<String> flags = verb.options().stream()
                .filter(option -> !option.hidden())
                .flatMap(option -> Arrays.stream(option.names()))
                .toList();
        List<String> near = new ArrayList<>();
        String ours = ELSEWHERE.get(name);
        if (ours != null && flags.contains("--" + ours)) {
            near.add("--" + ours);
        }
        int most = Math.max(1, name.length() / 3);
        flags.stream()
                .filter(flag -> distance(name, bare(flag)) <= most
                        || name.length() > 2 && bare(flag).startsWith(name))
                .sorted(Comparator.comparingInt((String flag) -> distance(name, bare(flag)))
                        .thenComparing(flag -> flag))
                .filter(flag -> !near.contains(flag))
                .limit(MOST - near.size())
                .forEach(near::add);
        return near;
    }

    private static String bare(String flag) {
        return flag.replaceFirst("^-+", "").replace('_', '-').toLowerCase(Locale.ROOT);
    }

    /** Letters to put in, take out or replace (Levenshtein 1966). */
    private static int distance(String from, String to) {
        int[] above = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[to.length() + 1];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[to.length()];
    }
}
