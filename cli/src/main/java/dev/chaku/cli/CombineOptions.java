package dev.chaku.cli;

import dev.chaku.AdapterMerge;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeSettings;
import dev.chaku.merge.OutputRank;
import dev.chaku.merge.SignElection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Option;

/** How adapters become one adapter: the method and what it reads. */
final class CombineOptions {
    private static final Pattern LAYERS = Pattern.compile("([0-9]{1,6})(?:-([0-9]{1,6}))?");

    @Option(names = "--method", paramLabel = "NAME", description = "How they are merged, see below.")
    private String method;

    @Option(
            names = "--density",
            paramLabel = "D",
            description = "Share of the values that ties, dare and magnitude_prune keep, of each adapter (0.5).")
    private Double density;

    @Option(
            names = "--sign",
            paramLabel = "NAME",
            description = "How ties elect a sign: total, by the sum (the default), or frequency, by the number.")
    private SignElection sign;

    @Option(names = "--seed", paramLabel = "N", description = "Decides what dare drops (0).")
    private Long seed;

    @Option(
            names = "--rank",
            paramLabel = "N",
            description = "Rank of the result, where it is decomposed; with --energy the largest.")
    private Integer rank;

    @Option(
            names = "--energy",
            paramLabel = "SHARE",
            description =
                    "The smallest rank of each product that keeps this share of its squared singular values, such as 0.99.")
    private Double energy;

    @Option(
            names = "--module-weights",
            paramLabel = "REGEX=W,W",
            description =
                    "Other weights, one for each adapter, for products in whose name the expression is found; may be repeated, the first counts.")
    private List<String> moduleWeights = List.of();

    @Option(
            names = "--layer-weights",
            paramLabel = "N-M=W,W",
            description = "Other weights for layers N to M, from 0; after those by name.")
    private List<String> layerWeights = List.of();

    boolean isGiven() {
        return method != null;
    }

    /** Reads the method, and refuses what it would not read. */
    MergeMethod method(Verb verb) {
        MergeSettings settings = MergeSettings.defaults();
        settings = density == null ? settings : settings.withDensity(density);
        settings = sign == null ? settings : settings.withSign(sign);
        settings = seed == null ? settings : settings.withSeed(seed);
        settings = rank == null ? settings : settings.withRank(OutputRank.of(rank));
        if (energy != null) {
            settings = settings.withRank(new OutputRank(rank == null ? 0 : rank, energy));
        }
        MergeMethod chosen = MergeMethod.of(method, settings);
        for (String setting : List.of("density", "sign", "seed")) {
            refuseIdle(verb, chosen, "--" + setting, chosen.settings().containsKey(setting));
        }
        refuseIdle(verb, chosen, "--rank", chosen.outputRank().isPresent());
        refuseIdle(verb, chosen, "--energy", chosen.outputRank().isPresent());
        return chosen;
    }

    private static void refuseIdle(Verb verb, MergeMethod method, String option, boolean isRead) {
        if (verb.given(option) && !isRead) {
            throw verb.usage(option + " has no effect with --method " + method.label());
        }
    }

    /** Adds the weights of modules and layers. */
    void addWeights(Verb verb, AdapterMerge merge) {
        for (String rule : moduleWeights) {
            int equals = rule.lastIndexOf('=');
            if (equals < 1) {
                throw verb.usage(
                        "--module-weights: expected REGEX=W,W with a weight for each adapter, found '" + rule + "'");
            }
            try {
                merge.weights(
                        Pattern.compile(rule.substring(0, equals)),
                        weights(verb, "--module-weights", rule.substring(equals + 1)));
            } catch (PatternSyntaxException e) {
                throw verb.usage("--module-weights " + rule + ": no regular expression: " + e.getDescription());
            }
        }
        for (String rule : layerWeights) {
            int equals = rule.indexOf('=');
            Matcher layers = LAYERS.matcher(equals < 0 ? "" : rule.substring(0, equals));
            if (!layers.matches()) {
                throw verb.usage(
                        "--layer-weights: expected N-M=W,W with layers from 0 and a weight for each adapter, found '"
                                + rule + "'");
            }
            int first = Integer.parseInt(layers.group(1));
            int last = layers.group(2) == null ? first : Integer.parseInt(layers.group(2));
            merge.layerWeights(first, last, weights(verb, "--layer-weights", rule.substring(equals + 1)));
        }
    }

    private static double[] weights(Verb verb, String option, String text) {
        String[] words = text.split(",", -1);
        double[] weights = new double[words.length];
        for (int i = 0; i < words.length; i++) {
            try {
                weights[i] = Double.parseDouble(words[i]);
            } catch (NumberFormatException e) {
                throw verb.usage(option + ": expected a number after '=' or ',', found '" + words[i] + "'");
            }
        }
        return weights;
    }
}
