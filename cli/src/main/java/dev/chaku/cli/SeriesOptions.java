package dev.chaku.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Several trainings over one base that differ in some options: a grid of values, or a list of named variants. */
final class SeriesOptions {
    static final String SWEEP = "--sweep";
    static final String VARIANT = "--variant";

    /** What all trainings of a series share, or has no meaning for them. */
    private static final Set<String> SHARED = Set.of(
            "--model",
            "--out",
            "--config",
            "--resume",
            "--json",
            "--plan",
            "--report",
            "--overwrite",
            "--register",
            "--tensorboard",
            "--memory-limit",
            "--threads",
            "--device",
            "--gpu-layers",
            "--offload-activations",
            SWEEP,
            VARIANT);

    /** Between options; one of a value is written {@code \,}. */
    private static final Pattern COMMA = Pattern.compile("(?<!\\\\),");

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.=+-]*");
    private static final int MOST = 256;

    @Option(
            names = SWEEP,
            paramLabel = "OPTION=VALUE,...",
            description =
                    "Train with every value of an option, each in a folder of --out; given again, with every combination: --sweep rank=8,16 --sweep learning-rate=1e-4,3e-4.")
    private List<String> sweeps = List.of();

    @Option(
            names = VARIANT,
            paramLabel = "NAME:OPTION=VALUE,...",
            description =
                    "Train an adapter of this name with these options, in a folder of --out; given again, one more: --variant 'small:rank=8' --variant 'faq:rank=16,data=faq.jsonl'.")
    private List<String> variants = List.of();

    /**
     * A training of the series.
     *
     * @param options those that it has in place of the command line's, by their flags
     */
    record Variant(String name, Map<String, List<String>> options) {}

    boolean isGiven() {
        return !sweeps.isEmpty() || !variants.isEmpty();
    }

    /** The trainings; each has another name. */
    List<Variant> variants(Verb verb) {
        verb.refuseBeside(SWEEP, VARIANT);
        List<Variant> all = sweeps.isEmpty() ? named(verb) : grid(verb);
        if (all.size() > MOST) {
            throw verb.usage(SWEEP + ": expected at most " + MOST + " combinations, found " + all.size());
        }
        if (all.stream().map(Variant::name).distinct().count() < all.size()) {
            throw verb.usage((sweeps.isEmpty() ? VARIANT + ": expected each name" : SWEEP + ": expected each value")
                    + " once, found one twice");
        }
        return all;
    }

    private List<Variant> grid(Verb verb) {
        List<Variant> all = List.of(new Variant("", Map.of()));
        for (String sweep : sweeps) {
            int equals = sweep.indexOf('=');
            if (equals < 1 || equals == sweep.length() - 1) {
                throw verb.usage(SWEEP + ": expected OPTION=VALUE,... such as rank=8,16, found '" + sweep + "'");
            }
            String flag = flag(verb, SWEEP, sweep.substring(0, equals));
            List<Variant> longer = new ArrayList<>();
            for (Variant before : all) {
                for (String value : sweep.substring(equals + 1).split(",", -1)) {
                    Map<String, List<String>> options = new LinkedHashMap<>(before.options());
                    if (options.put(flag, List.of(value)) != null) {
                        throw verb.usage(SWEEP + ": expected each option once, found " + flag + " twice");
                    }
                    String part = flag.substring(2) + "-" + value.replaceAll("[^A-Za-z0-9_.+-]", "_");
                    longer.add(new Variant(before.name().isEmpty() ? part : before.name() + "+" + part, options));
                }
            }
            all = longer;
        }
        return all;
    }

    private List<Variant> named(Verb verb) {
        List<Variant> all = new ArrayList<>();
        for (String text : variants) {
            int colon = text.indexOf(':');
            String name = colon < 0 ? text : text.substring(0, colon);
            if (!NAME.matcher(name).matches() || colon == text.length() - 1) {
                throw verb.usage(
                        VARIANT + ": expected NAME:OPTION=VALUE,... such as small:rank=8, found '" + text + "'");
            }
            Map<String, List<String>> options = new LinkedHashMap<>();
            for (String part : colon < 0 ? new String[0] : COMMA.split(text.substring(colon + 1), -1)) {
                int equals = part.indexOf('=');
                if (equals < 1) {
                    throw verb.usage(
                            VARIANT + ": expected OPTION=VALUE, found '" + part + "' (variant '" + name + "')");
                }
                options.computeIfAbsent(flag(verb, VARIANT, part.substring(0, equals)), unused -> new ArrayList<>())
                        .add(part.substring(equals + 1).replace("\\,", ","));
            }
            all.add(new Variant(name, options));
        }
        return all;
    }

    /** A variant as {@link #VARIANT} takes it. */
    static String word(String name, List<Map.Entry<String, String>> options) {
        String text = options.stream()
                .map(option ->
                        option.getKey().substring(2) + "=" + option.getValue().replace(",", "\\,"))
                .collect(Collectors.joining(","));
        return VARIANT + "=" + name + (text.isEmpty() ? "" : ":" + text);
    }

    /** Whether a folder of a variant can be called so. */
    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Whether the trainings of a series may differ in an option. */
    static boolean mayDiffer(CommandSpec verb, String flag) {
        return verb.findOption(flag) != null
                && !SHARED.contains(flag)
                && !verb.findOption(flag).usageHelp();
    }

    private static String flag(Verb verb, String of, String name) {
        String flag = "--" + name.replace('_', '-');
        if (verb.line().getCommandSpec().findOption(flag) == null || SHARED.contains(flag)) {
            throw verb.usage(of + ": expected an option of a training, such as rank or learning-rate, found '" + name
                    + "'" + (SHARED.contains(flag) ? ", which all of a series share" : ""));
        }
        return flag;
    }
}
