package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.AdapterFit;
import dev.chaku.AdapterInspection;
import dev.chaku.AdapterModule;
import dev.chaku.AdapterSavedWeight;
import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter inspect}: what an adapter of any format holds, and whether it fits a base. */
@Command(
        name = "inspect",
        description = {
            "Shows what an adapter holds: a GGUF file, the folder of a training, a folder of PEFT, or one of mlx-lm.",
            "Its files are read whole: matrices that do not pair up, ranks that the configuration contradicts and values",
            "that are not finite are errors. Without --model, what only the base can tell stays unchecked, and is said."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter inspect runs/1",
            "  chaku adapter inspect ~/Downloads/some-lora --model base.gguf",
            "  chaku adapter inspect adapter.gguf --modules",
            "  chaku adapter inspect adapter.gguf --json"
        })
final class AdapterInspectCommand extends Verb {
    @Reads
    @Parameters(paramLabel = "ADAPTER", description = "A file or folder, or a version of the registry: name@3.")
    private String adapter;

    @Reads
    @Option(
            names = "--model",
            paramLabel = "FILE",
            description =
                    "A base, a GGUF file: is the adapter for it? Family, shapes, vocabulary and hash are compared.")
    private Path model;

    @Option(names = "--modules", description = "List every module.")
    private boolean listModules;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        AdapterInspection told = AdapterInspection.of(registry.locate(adapter, console()));
        Fit fit = fit(told);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("adapter", told.path().toString());
        fields.put("format", told.format().label());
        fields.put("architecture", told.architecture().orElse(null));
        fields.put("base", told.base().orElse(null));
        fields.put("rank", told.rank());
        fields.put("scales", scales(told));
        fields.put("parameters", told.parameterCount());
        fields.put("is_lora", told.isLora());
        fields.put(
                "saved",
                told.saved().stream().map(AdapterInspectCommand::describe).toList());
        fields.put("beyond", told.beyond());
        fields.put("remarks", told.remarks());
        fields.put("fits", fit.fits());
        fields.put("differences", fit.differences());
        fields.put("unchecked", fit.unchecked());
        fields.put("metadata", ModelInspectCommand.metadata(told.metadata()));
        fields.put(
                "modules",
                told.modules().stream().map(AdapterInspectCommand::describe).toList());
        result(fields, () -> print(told, fit));
    }

    /**
     * Whether the adapter goes with the base.
     *
     * @param fits null where there is no base to ask
     */
    private record Fit(Boolean fits, List<String> differences, List<String> unchecked) {}

    private Fit fit(AdapterInspection told) {
        if (model == null) {
            return new Fit(null, List.of(), unchecked());
        }
        AdapterBase base = AdapterBase.read(model);
        if (!told.isLora()) {
            return new Fit(false, List.of(), List.of("whether it fits " + model + ": it is no plain LoRA"));
        }
        try (Adapter read = Adapter.read(told.path(), base)) {
            AdapterFit fit = read.fit(base);
            return new Fit(true, fit.differences(), fit.unknown());
        } catch (BadInputException e) {
            return new Fit(false, List.of(e.getMessage()), List.of());
        }
    }

    private static List<String> unchecked() {
        return List.of(
                "family, layers and shapes of a base, and whether it names these modules: --model FILE compares them",
                "vocabulary and hash of a base: --model FILE compares them");
    }

    private static Map<String, Integer> scales(AdapterInspection told) {
        Map<String, Integer> scales = new TreeMap<>();
        told.modules().forEach(module -> scales.merge(number(module.scale()), 1, Integer::sum));
        return scales;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.6g", value).replaceFirst("\\.?0+$", "");
    }

    private static Map<String, Object> describe(AdapterSavedWeight weight) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", weight.name());
        fields.put("rows", weight.rows());
        fields.put("columns", weight.columns());
        return fields;
    }

    private static Map<String, Object> describe(AdapterModule module) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", module.name());
        fields.put("experts", module.experts());
        fields.put("rank", module.rank());
        fields.put("inputs", module.inputs());
        fields.put("outputs", module.outputs());
        fields.put("scale", module.scale());
        fields.put("type", module.type());
        return fields;
    }

    private void print(AdapterInspection told, Fit fit) {
        console()
                .print(String.format(
                        Locale.ROOT,
                        "%s: %s, rank %d, %s, %,d parameters",
                        told.path(),
                        told.format().label(),
                        told.rank(),
                        Words.count(told.modules().size(), "module"),
                        told.parameterCount()));
        told.architecture().ifPresent(name -> console().print("family: " + name));
        console().print("trained on: " + told.base().orElse("its files do not say"));
        List<String> scales = new ArrayList<>();
        scales(told).forEach((scale, n) -> scales.add(scale + " (" + Words.count(n, "module") + ")"));
        console().print("scale: " + String.join(", ", scales));
        kinds(told).forEach((kind, n) -> console().print(String.format(Locale.ROOT, "  %-40s %4d ×", kind, n)));
        for (AdapterSavedWeight weight : told.saved()) {
            console()
                    .print(String.format(
                            Locale.ROOT, "trained whole: %s, %d × %d", weight.name(), weight.rows(), weight.columns()));
        }
        told.beyond().forEach(line -> console().print("no plain LoRA: " + SettingNames.toFlags(line)));
        told.remarks().forEach(line -> console().print("note: " + line));
        if (fit.fits() != null) {
            console().print(fit.fits() ? "fits " + model : "does not fit " + model);
        }
        fit.differences().forEach(line -> console().print("differs: " + line));
        fit.unchecked().forEach(line -> console().print("not checked: " + line));
        if (listModules) {
            console().print("");
            for (AdapterModule module : told.modules()) {
                console()
                        .print(String.format(
                                Locale.ROOT,
                                "%-48s rank %-4d %d × %d%s, scale %s, %s",
                                module.name(),
                                module.rank(),
                                module.outputs(),
                                module.inputs(),
                                module.experts() > 1 ? " × " + module.experts() + " experts" : "",
                                number(module.scale()),
                                module.type()));
            }
        }
    }

    /** Modules by name without their layer's number. */
    private static Map<String, Integer> kinds(AdapterInspection told) {
        Map<String, Integer> kinds = new TreeMap<>();
        told.modules()
                .forEach(module -> kinds.merge(module.name().replaceAll("\\.\\d+(?=\\.)", ".*"), 1, Integer::sum));
        return kinds;
    }
}
