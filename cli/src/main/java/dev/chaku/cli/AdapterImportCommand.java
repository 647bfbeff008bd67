package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter import}: an adapter of another tool becomes a GGUF LoRA file for a base. */
@Command(
        name = "import",
        description = {
            "Makes a GGUF LoRA file of an adapter that PEFT or mlx-lm trained: what generate, train --from and llama.cpp read.",
            "The base decides names and the order of rows, and every shape is compared with it. Scales of modules (rsLoRA,",
            "alpha_pattern, rank_pattern) are folded in. What no LoRA file can say (DoRA, saved modules, trained embeddings,",
            "biases) is refused by name."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter import ~/Downloads/some-lora --model base.gguf --out some-lora.gguf",
            "  chaku adapter import mlx-adapters --model base.gguf --out adapter.gguf",
            "  chaku generate --model base.gguf --adapter some-lora.gguf --prompt \"Hello\""
        })
final class AdapterImportCommand extends Verb {
    @Reads
    @Parameters(paramLabel = "DIR", description = "The folder of PEFT or mlx-lm; a GGUF adapter is checked and copied.")
    private String adapter;

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base, a GGUF file.")
    private Path model;

    @Writes
    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The new GGUF file.")
    private Path out;

    @Mixin
    private AdapterBases.Force force;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        Path from = registry.locate(adapter, console());
        AdapterBase base = AdapterBase.read(model);
        try (Adapter read = Adapter.read(from, base)) {
            force.check(console(), read.fit(base));
            read.remarks().forEach(line -> console().note("note: " + line));
            read.save(out, overwrite.isSet());
            result(fields(out, read), () -> console().print(describe(out, read)));
        }
    }

    static Map<String, Object> fields(Path out, Adapter adapter) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("architecture", adapter.architecture());
        fields.put("rank", adapter.rank());
        fields.put("alpha", adapter.alpha());
        fields.put("products", adapter.adaptedProducts());
        fields.put("parameters", adapter.parameterCount());
        fields.put("remarks", adapter.remarks());
        return fields;
    }

    static String describe(Path out, Adapter adapter) {
        return String.format(
                Locale.ROOT,
                "%s: %s, rank %d, %s, %,d parameters",
                out,
                adapter.architecture(),
                adapter.rank(),
                Words.count(adapter.adaptedProducts(), "product"),
                adapter.parameterCount());
    }
}
