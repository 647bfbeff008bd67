package dev.chaku.cli;

import dev.chaku.ActivationFormat;
import dev.chaku.CacheFormat;
import dev.chaku.ModelOptions;
import picocli.CommandLine.Option;

/** The options of verbs that generate: how exactly it is done. */
final class PrecisionOptions {
    @Option(
            names = "--kv-cache",
            defaultValue = "f32",
            paramLabel = "FORMAT",
            description =
                    "How keys and values are kept: f32, f16, bf16 or q8_0 (${DEFAULT-VALUE}). Narrower takes less memory.")
    private CacheFormat cache;

    @Option(
            names = "--activations",
            defaultValue = "f32",
            paramLabel = "FORMAT",
            description = "What products of generated tokens read: f32, int16 or int8 (${DEFAULT-VALUE}). Narrower is"
                    + " faster, above all for many texts at once, and rounds more.")
    private ActivationFormat activations;

    ModelOptions apply(ModelOptions options) {
        return options.withCache(cache).withActivations(activations);
    }
}
