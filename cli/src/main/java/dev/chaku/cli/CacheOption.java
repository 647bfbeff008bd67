package dev.chaku.cli;

import dev.chaku.CacheFormat;
import dev.chaku.ModelOptions;
import picocli.CommandLine.Option;

/** The option of verbs that generate. */
final class CacheOption {
    @Option(
            names = "--kv-cache",
            defaultValue = "f32",
            paramLabel = "FORMAT",
            description =
                    "How keys and values are kept: f32, f16, bf16 or q8_0 (${DEFAULT-VALUE}). Narrower takes less memory.")
    private CacheFormat format;

    ModelOptions apply(ModelOptions options) {
        return options.withCache(format);
    }
}
