package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.FoundAdapter.Beyond;
import dev.chaku.internal.adapter.FoundModule.Matrix;
import dev.chaku.internal.adapter.PeftModules.Named;
import dev.chaku.internal.adapter.PeftModules.Part;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.huggingface.SafetensorsFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Folders as Hugging Face's PEFT writes them: {@code adapter_config.json} and {@code adapter_model.safetensors}, or
 * that in parts with an index.
 */
final class PeftFolder {
    static final String STEM = "adapter_model";

    private final Path folder;
    private final PeftConfig config;
    private final List<Beyond> beyond;
    private final List<FoundAdapter.Whole> wholes = new ArrayList<>();
    private final List<String> remarks;
    private final boolean dora;

    private PeftFolder(Path folder, PeftConfig.Told told) {
        this.folder = folder;
        this.config = told.config();
        this.beyond = new ArrayList<>(told.beyond());
        this.remarks = new ArrayList<>(told.remarks());
        this.dora = told.dora();
    }

    /** @throws BadInputException if a file is missing or damaged, or matrices do not pair up */
    static FoundAdapter read(Path folder) {
        return new PeftFolder(folder, PeftConfig.read(folder.resolve(PeftConfig.FILE_NAME))).read();
    }

    private FoundAdapter read() {
        SafetensorsFolder files = SafetensorsFolder.readAdapter(folder, STEM);
        Map<String, Map<Part, Matrix>> halves = new LinkedHashMap<>();
        List<String> copies = new ArrayList<>();
        List<String> ofNoText = new ArrayList<>();
        for (String name : files.names()) {
            Named named = PeftModules.parse(name);
            if (ModuleNames.isOfNoText(named.module())) {
                ofNoText.add(name);
                continue;
            }
            Safetensors file = files.holding(name);
            switch (named.part()) {
                case A, B, EMBEDDING_A, EMBEDDING_B -> collect(file, name, named, halves);
                case BASE_COPY -> copies.add(name);
                default -> {
                    beyond.add(beyond(file, name, named.part()));
                    whole(file, name, named).ifPresent(wholes::add);
                }
            }
        }
        List<FoundModule> modules = new ArrayList<>();
        halves.forEach((module, parts) -> modules.add(module(module, parts)));
        if (dora) {
            requireMagnitudes(halves.keySet());
        }
        remark(copies, "is a copy of the base's own weight; that of the base is used");
        remark(ofNoText, "is of what sees or hears and left out; texts are the same without");
        return new FoundAdapter(
                folder, FoundAdapter.Kind.PEFT, config.base(), config.inputsFirst(), modules, beyond, wholes, remarks);
    }

    /** Without its magnitudes an adapter of DoRA would be another one. */
    private void requireMagnitudes(Set<String> modules) {
        Set<String> without = new LinkedHashSet<>(modules);
        wholes.stream()
                .filter(whole -> whole.kind() == FoundAdapter.WholeKind.MAGNITUDE)
                .forEach(whole -> without.remove(whole.module()));
        if (!without.isEmpty()) {
            beyond.add(new Beyond(
                    folder + ": module " + without.iterator().next() + " without lora_magnitude_vector",
                    "DoRA, which use_dora = true says it is, has one for each module; save the adapter whole"));
        }
    }

    /** One sentence for all of a kind, which names the first. */
    private void remark(List<String> tensors, String what) {
        if (!tensors.isEmpty()) {
            String others = tensors.size() == 1 ? "" : " (and " + (tensors.size() - 1) + " more like it)";
            remarks.add(folder + ": tensor '" + tensors.get(0) + "'" + others + " " + what);
        }
    }

    private static Beyond beyond(Safetensors file, String name, Part part) {
        String what = file.path() + ": tensor '" + name + "'";
        return switch (part) {
            case MAGNITUDE -> Beyond.mergeable(what, "DoRA's magnitudes rescale whole weights");
            case TOKENS -> Beyond.mergeable(what, "trained embeddings cannot be part of a LoRA file");
            case BIAS -> new Beyond(what, "biases of B cannot be part of a LoRA file");
            default ->
                name.endsWith(".weight")
                        ? Beyond.saved(what, "it is no LoRA matrix but a whole weight")
                        : new Beyond(what, "it is no LoRA matrix but a whole bias or value");
        };
    }

    /** A tensor that a merge can take; nothing of others. */
    private Optional<FoundAdapter.Whole> whole(Safetensors file, String name, Named named) {
        Matrix matrix = new Matrix(file, file.tensors().get(name), false);
        return switch (named.part()) {
            case MAGNITUDE ->
                Optional.of(
                        new FoundAdapter.Whole(named.module(), FoundAdapter.WholeKind.MAGNITUDE, matrix, List.of()));
            case TOKENS ->
                Optional.of(new FoundAdapter.Whole(
                        named.module(), FoundAdapter.WholeKind.TOKENS, matrix, config.trainedTokens(named.module())));
            case WHOLE ->
                name.endsWith(".weight")
                        ? Optional.of(new FoundAdapter.Whole(
                                named.module(), FoundAdapter.WholeKind.WEIGHT, matrix, List.of()))
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static void collect(Safetensors file, String name, Named named, Map<String, Map<Part, Matrix>> halves) {
        Safetensors.Tensor tensor = file.tensors().get(name);
        if (tensor.shape().size() != 2
                || tensor.shape().stream().anyMatch(size -> size < 1 || size > Integer.MAX_VALUE)) {
            throw new BadInputException(file.path() + ": tensor '" + name
                    + "': expected 2 dimensions of at least 1, found " + tensor.shape());
        }
        // An embedding's matrices are the other way round: its table is B transposed.
        Part half =
                switch (named.part()) {
                    case EMBEDDING_A -> Part.B;
                    case EMBEDDING_B -> Part.A;
                    default -> named.part();
                };
        Matrix matrix = new Matrix(file, tensor, half != named.part());
        if (halves.computeIfAbsent(named.module(), unused -> new EnumMap<>(Part.class))
                        .put(half, matrix)
                != null) {
            throw new BadInputException(file.path() + ": tensor '" + name + "': a second one of its module");
        }
    }

    private FoundModule module(String module, Map<Part, Matrix> halves) {
        Matrix a = halves.get(Part.A);
        Matrix b = halves.get(Part.B);
        if (a == null || b == null) {
            Matrix there = a == null ? b : a;
            throw new BadInputException(there.file().path() + ": module " + module + ": tensor '"
                    + there.tensor().name() + "' expects the other of lora_A and lora_B beside it, found only lora_"
                    + (a == null ? "B" : "A"));
        }
        if (a.rows() != b.columns() || a.rows() != config.rankOf(module)) {
            throw new BadInputException(a.file().path() + ": module " + module + ": expected rank "
                    + Math.round(config.rankOf(module)) + " by the configuration, found lora_A "
                    + a.tensor().shape() + " and lora_B " + b.tensor().shape());
        }
        return FoundModule.of(module, config.scaleOf(module), a, b);
    }
}
