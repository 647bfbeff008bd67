package dev.chaku.cli;

import dev.chaku.Generator;
import picocli.CommandLine.Option;

/** Options of many answers at once, and of what is said of each. */
final class CrowdOptions {
    @Option(
            names = "--n",
            defaultValue = "1",
            paramLabel = "N",
            description =
                    "So many answers, each with the next seed and as a line of JSON; the prompt is computed once (${DEFAULT-VALUE}).")
    private int n;

    @Option(
            names = "--concurrency",
            defaultValue = "8",
            paramLabel = "N",
            description = "With --prompts or --n: answers that are generated at once (${DEFAULT-VALUE}).")
    private int concurrency;

    @Option(
            names = "--logprobs",
            defaultValue = "0",
            paramLabel = "N",
            description = "Say of each token how likely it was, and the N likeliest in its place.")
    private int logprobs;

    @Option(
            names = "--reproducible",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "The same answer alone and in a crowd, whatever is cached; on unless --no-reproducible lets a prompt go on from what was generated.")
    private boolean reproducible;

    int n() {
        return n;
    }

    int concurrency() {
        return concurrency;
    }

    int logprobs() {
        return logprobs;
    }

    void apply(Generator generator, boolean withLogprobs) {
        generator.reproducible(reproducible);
        if (withLogprobs) {
            generator.logprobs(logprobs);
        }
    }
}
