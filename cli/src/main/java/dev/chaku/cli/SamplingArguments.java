package dev.chaku.cli;

import dev.chaku.generate.SamplingOptions;
import picocli.CommandLine.Option;

/** How tokens are chosen. */
final class SamplingArguments {
    private static final SamplingOptions DEFAULTS = SamplingOptions.defaults();

    @Option(names = "--temperature", paramLabel = "T", description = "0 for always the most likely token (0.8).")
    private float temperature = DEFAULTS.temperature();

    @Option(names = "--top-k", paramLabel = "K", description = "Only the K most likely tokens, 0 for all (40).")
    private int topK = DEFAULTS.topK();

    @Option(names = "--top-p", paramLabel = "P", description = "Only the likeliest tokens that add up to P (0.95).")
    private float topP = DEFAULTS.topP();

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Only tokens at least P times as likely as the first (0.05).")
    private float minP = DEFAULTS.minP();

    @Option(
            names = "--repeat-penalty",
            paramLabel = "X",
            description = "Divides the odds of the last 64 tokens (1: off).")
    private float repeat = 1;

    @Option(names = "--seed", paramLabel = "N", description = "The same seed gives the same text (0).")
    private long seed;

    boolean isGreedy() {
        return temperature == 0;
    }

    SamplingOptions options() {
        return DEFAULTS.withTemperature(temperature)
                .withTopK(topK)
                .withTopP(topP)
                .withMinP(minP)
                .withPenalties(new SamplingOptions.Repetition(64, repeat, 0, 0))
                .withSeed(seed);
    }
}
