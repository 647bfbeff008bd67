package dev.chaku.cli;

import dev.chaku.ModelSplitter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code chaku model split}: one model file becomes several. */
@Command(
        name = "split",
        description = {
            "Splits a GGUF model into parts PREFIX-00001-of-00003.gguf, as llama.cpp does; any verb opens them as one model.",
            "Tensors stay whole and in their order. Give the name of any part where a model is asked for."
        },
        footer = {
            "",
            "Examples:",
            "  chaku model split base.gguf --max-size 2G",
            "  chaku model split base.gguf --max-tensors 128 --out parts/base --dry-run"
        })
final class ModelSplitCommand extends Verb {
    @Reads
    @Parameters(paramLabel = "IN", description = "The model.")
    private Path in;

    @Option(
            names = "--max-size",
            converter = MemorySize.class,
            paramLabel = "BYTES",
            description =
                    "The largest size of a part, for instance 2G (1024³ bytes each); a larger tensor gets a part of its own.")
    private Long maxSize;

    @Option(names = "--max-tensors", paramLabel = "N", description = "The most tensors in a part.")
    private Integer maxTensors;

    @Writes(Writes.Kind.PREFIX)
    @Option(
            names = "--out",
            paramLabel = "PREFIX",
            description = "Beginning of the parts' names, or a folder for them; by default the model's name.")
    private Path out;

    @Option(names = "--dry-run", description = "Show the parts, and write nothing.")
    private boolean dryRun;

    @Mixin
    private OverwriteOption overwrite;

    @Override
    List<Path> alsoWritten() {
        return dryRun
                ? List.of()
                : splitter().plan(prefix()).stream()
                        .map(ModelSplitter.Part::path)
                        .toList();
    }

    private ModelSplitter splitter() {
        if (maxSize == null && maxTensors == null) {
            throw new ParameterException(line(), "expected --max-size or --max-tensors, got neither");
        }
        if (maxTensors != null && maxTensors < 1) {
            throw new ParameterException(line(), "--max-tensors: expected at least 1, got " + maxTensors);
        }
        ModelSplitter splitter = ModelSplitter.of(in).overwrite(overwrite.isSet());
        if (maxSize != null) {
            splitter.maxBytes(maxSize);
        }
        if (maxTensors != null) {
            splitter.maxTensors(maxTensors);
        }
        return splitter;
    }

    @Override
    void execute() {
        ModelSplitter splitter = splitter();
        List<ModelSplitter.Part> parts;
        if (dryRun) {
            parts = splitter.plan(prefix());
        } else {
            try (FileProgressDisplay display = new FileProgressDisplay(console())) {
                parts = splitter.write(prefix(), display::show);
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("input", in.toString());
        fields.put("parts", parts.stream().map(ModelSplitCommand::fields).toList());
        result(fields, () -> print(parts));
    }

    /** Without the ending that each part gets. */
    private Path prefix() {
        boolean folder = out != null && Files.isDirectory(out);
        Path named = out == null ? in : folder ? out.resolve(in.getFileName()) : out;
        return named.resolveSibling(
                String.valueOf(named.getFileName()).replaceFirst("(-[0-9]{5}-of-[0-9]{5})?\\.gguf$", ""));
    }

    private static Map<String, Object> fields(ModelSplitter.Part part) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("file", part.path().toString());
        fields.put("tensors", part.tensors());
        fields.put("bytes", part.bytes());
        return fields;
    }

    private void print(List<ModelSplitter.Part> parts) {
        for (ModelSplitter.Part part : parts) {
            boolean larger = maxSize != null && part.bytes() > maxSize;
            console()
                    .print(String.format(
                            Locale.ROOT,
                            "%s: %d %s, %s%s",
                            part.path(),
                            part.tensors(),
                            part.tensors() == 1 ? "tensor" : "tensors",
                            ProgressLine.bytes(part.bytes()),
                            larger ? " (more than asked for: tensors and metadata stay whole)" : ""));
        }
        if (!dryRun) {
            console().print("All verbs open them as one model, by the name of any part.");
        }
    }
}
