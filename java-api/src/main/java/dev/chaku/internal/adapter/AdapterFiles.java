package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.LoraPair;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Looks into adapters of every format, without their base. */
public final class AdapterFiles {
    /**
     * What the files say.
     *
     * @param modules in their order
     * @param saved weights in place of the base's
     * @param beyond what is more than low-rank additions, one sentence each
     * @param remarks what changes nothing, one sentence each
     * @param metadata of a GGUF file
     */
    public record Told(
            Optional<String> architecture,
            Optional<String> base,
            List<Module> modules,
            List<Saved> saved,
            List<String> beyond,
            List<String> remarks,
            GgufMetadata metadata) {}

    /** A product, see {@code dev.chaku.AdapterModule}. */
    public record Module(String name, int experts, int rank, int inputs, int outputs, double scale, String type) {}

    /** A whole weight, see {@code dev.chaku.AdapterSavedWeight}. */
    public record Saved(String name, long rows, long columns) {}

    private AdapterFiles() {}

    /** @throws BadInputException if it is damaged, no LoRA adapter, or a value is not finite */
    public static Told gguf(Path path) {
        AdapterWeights weights = GgufAdapters.read(path);
        GgufFile file = GgufFile.read(path);
        List<Module> modules = weights.pairs().stream()
                .map(pair -> new Module(
                        pair.place().name(),
                        pair.experts(),
                        pair.rank(),
                        pair.inputs(),
                        pair.outputs(),
                        (double) weights.alpha() / pair.rank(),
                        GgufAdapters.type(file, pair)))
                .toList();
        List<Saved> saved = weights.saved().stream()
                .map(each -> new Saved(each.place().name(), each.rows(), each.columns()))
                .toList();
        GgufMetadata metadata = weights.metadata();
        Optional<String> base =
                metadata.findString(AdapterKeys.FILE).or(() -> metadata.findString("general.base_model.0.name"));
        return new Told(Optional.of(weights.architecture()), base, modules, saved, List.of(), List.of(), metadata);
    }

    /** @throws BadInputException if a file is missing or damaged, or a value is not finite */
    public static Told folder(Path folder) {
        FoundAdapter found = FoundAdapter.read(folder);
        found.modules().forEach(AdapterFiles::requireFinite);
        found.wholes().forEach(whole -> requireFinite(whole.matrix()));
        List<Module> modules = found.modules().stream()
                .map(each -> new Module(
                        each.name(),
                        each.experts(),
                        each.rank(),
                        each.inputs(),
                        each.outputs(),
                        each.scale(),
                        each.a().tensor().dtype()))
                .toList();
        Optional<String> base = Optional.of(found.base()).filter(name -> !name.isEmpty());
        return new Told(
                Optional.empty(),
                base,
                modules,
                found.wholes().stream()
                        .filter(whole -> whole.kind() == FoundAdapter.WholeKind.WEIGHT)
                        .map(AdapterFiles::saved)
                        .toList(),
                found.beyond().stream()
                        .filter(each -> !each.saved() || found.wholes().isEmpty())
                        .map(FoundAdapter.Beyond::sentence)
                        .toList(),
                found.remarks(),
                new GgufMetadata(folder.toString(), Map.of()));
    }

    private static void requireFinite(FoundModule module) {
        requireFinite(module.a());
        requireFinite(module.b());
    }

    private static void requireFinite(FoundModule.Matrix matrix) {
        float[] values = matrix.file().floats(matrix.tensor().name());
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw LoraPair.notFinite(
                        matrix.file().path() + ": tensor '" + matrix.tensor().name() + "'", values[i], i);
            }
        }
    }

    private static Saved saved(FoundAdapter.Whole whole) {
        List<Long> shape = whole.matrix().tensor().shape();
        long rows = shape.isEmpty() ? 1 : shape.get(0);
        return new Saved(whole.module(), rows, shape.stream().skip(1).reduce(1L, (product, size) -> product * size));
    }
}
