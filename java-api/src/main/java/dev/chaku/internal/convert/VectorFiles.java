package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.SafetensorsFolder;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What files of sentence-transformers beside a model say of its vectors: modules.json, the pooling's config.json, the
 * products behind it, and the prompts, which are prefixes.
 */
final class VectorFiles {
    private static final Map<String, Integer> POOLINGS = new LinkedHashMap<>();

    static {
        POOLINGS.put("pooling_mode_cls_token", 2);
        POOLINGS.put("pooling_mode_mean_tokens", 1);
        POOLINGS.put("pooling_mode_lasttoken", 3);
    }

    private final Path folder;
    private final ModelConfig config;
    private final String architecture;
    private final Map<String, GgufValue> keys = new LinkedHashMap<>();
    private final List<ModelOutline.Tensor> tensors = new ArrayList<>();

    private VectorFiles(Path folder, ModelConfig config, String architecture) {
        this.folder = folder;
        this.config = config;
        this.architecture = architecture;
    }

    /** @throws dev.chaku.errors.BadInputException if a module or pooling is none that is understood, which is named */
    static VectorFiles read(Path folder, ModelConfig config, String architecture) {
        VectorFiles files = new VectorFiles(folder, config, architecture);
        JsonFile modules = modules(folder.resolve("modules.json"));
        int size = modules.findList("modules").orElse(List.of()).size();
        for (int i = 0; i < size; i++) {
            files.add(modules.element("modules", i));
        }
        files.addPrompts();
        return files;
    }

    /** The file is an array, which here becomes the only value of an object. */
    private static JsonFile modules(Path file) {
        if (!Files.exists(file)) {
            return JsonFile.readIfPresent(file);
        }
        try {
            return JsonFile.parse(file, "{\"modules\": " + Files.readString(file) + "}");
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    Map<String, GgufValue> keys() {
        return keys;
    }

    List<ModelOutline.Tensor> tensors() {
        return tensors;
    }

    private void add(JsonFile module) {
        String type = module.findString("type").orElse("none");
        Path path = folder.resolve(module.findString("path").orElse(""));
        switch (type.substring(type.lastIndexOf('.') + 1)) {
            case "Transformer", "Normalize" -> {}
            case "Pooling" -> addPooling(JsonFile.read(path.resolve("config.json")));
            case "Dense" -> addDense(path);
            default -> throw module.error("type", "Transformer, Pooling, Dense or Normalize", type);
        }
    }

    private void addPooling(JsonFile pooling) {
        List<String> on = pooling.fields().keySet().stream()
                .filter(key -> key.startsWith("pooling_mode_") && pooling.bool(key, false))
                .toList();
        if (on.size() != 1 || !POOLINGS.containsKey(on.get(0))) {
            throw pooling.error("pooling_mode_*", "one of " + String.join(", ", POOLINGS.keySet()), on);
        }
        keys.put(architecture + ".pooling_type", GgufValue.ofUint32(POOLINGS.get(on.get(0))));
    }

    private void addDense(Path path) {
        JsonFile dense = JsonFile.read(path.resolve("config.json"));
        String activation = dense.findString("activation_function").orElse("");
        if (!architecture.equals("gemma-embedding") || tensors.size() == 2) {
            throw dense.error("in_features", "no product behind the pooling of " + config.architecture(), path);
        }
        if (!activation.endsWith("Identity") || dense.bool("bias", false)) {
            throw dense.error("activation_function", "Identity, and no bias", activation);
        }
        int rows = dense.requireCount("out_features");
        int columns = dense.requireCount("in_features");
        SafetensorsFolder weights = SafetensorsFolder.read(path);
        String name = "linear.weight";
        if (!weights.require(name).shape().equals(List.of((long) rows, (long) columns))) {
            throw dense.error("out_features", "the shape of " + name, List.of(rows, columns));
        }
        tensors.add(new ModelOutline.Tensor(
                "dense_" + (tensors.size() + 2) + ".weight",
                new long[] {columns, rows},
                (row, target, scratch) -> weights.read(name, row * columns, target, scratch)));
    }

    private void addPrompts() {
        JsonFile said = JsonFile.readIfPresent(folder.resolve("config_sentence_transformers.json"));
        said.findObject("prompts").ifPresent(prompts -> {
            prompts.findString("query").ifPresent(prefix -> put("query", prefix));
            prompts.findString("document")
                    .or(() -> prompts.findString("passage"))
                    .ifPresent(prefix -> put("document", prefix));
        });
    }

    private void put(String use, String prefix) {
        if (!prefix.isEmpty()) {
            keys.put("chaku.embedding.prefix." + use, GgufValue.of(prefix));
        }
    }
}
