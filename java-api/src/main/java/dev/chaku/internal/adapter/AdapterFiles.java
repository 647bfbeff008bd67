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
     * @param beyond what is more than low-rank additions, one sentence each
     * @param remarks what changes nothing, one sentence each
     * @param metadata of a GGUF file
     */
    public record Told(
            Optional<String> architecture,
            Optional<String> base,
            List<Module> modules,
            List<String> beyond,
            List<String> remarks,
            GgufMetadata metadata) {}

    /** A product, see {@code dev.chaku.AdapterModule}. */
    public record Module(String name, int experts, int rank, int inputs, int outputs, double scale, String type) {}

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
        GgufMetadata metadata = weights.metadata();
        Optional<String> base =
                metadata.findString(AdapterKeys.FILE).or(() -> metadata.findString("general.base_model.0.name"));
        return new Told(Optional.of(weights.architecture()), base, modules, List.of(), List.of(), metadata);
    }

    /** @throws BadInputException if a file is missing or damaged, or a value is not finite */
    public static Told folder(Path folder) {
        FoundAdapter found = FoundAdapter.read(folder);
        found.modules().forEach(AdapterFiles::requireFinite);
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
                found.beyond().stream().map(FoundAdapter.Beyond::sentence).toList(),
                found.remarks(),
                new GgufMetadata(folder.toString(), Map.of()));
    }

    private static void requireFinite(FoundModule module) {
        for (FoundModule.Matrix matrix : List.of(module.a(), module.b())) {
            float[] values = matrix.values();
            for (int i = 0; i < values.length; i++) {
                if (!Float.isFinite(values[i])) {
                    throw LoraPair.notFinite(
                            matrix.file().path() + ": tensor '"
                                    + matrix.tensor().name() + "'",
                            values[i],
                            i);
                }
            }
        }
    }
}
