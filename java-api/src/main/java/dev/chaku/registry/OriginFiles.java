package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufValueType;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.adapter.PeftAdapters;
import dev.chaku.internal.adapter.merge.MergeOrigin;
import dev.chaku.internal.huggingface.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The files of an adapter that is to be registered, and what they tell: those of the folder of a training, or the
 * adapter's file alone.
 *
 * @param adapter the GGUF file
 * @param beside files of its training that belong to it
 */
record OriginFiles(Path adapter, List<Path> beside, VersionDescription description) {
    private static final String SETTINGS = "config.json";
    private static final String RESULT = "result.json";
    private static final List<String> BESIDE = List.of(SETTINGS, RESULT, "log.jsonl", "loss.svg");

    /** Names in a run's settings that the lineage has a place of its own for. */
    private static final Set<String> PLACED = Set.of(
            "base",
            "base_name",
            "base_license",
            "base_model_sha256",
            "architecture",
            "examples",
            "eval_examples",
            "conversations",
            "chat_template_sha256",
            "tokenizer_sha256",
            "training_examples_sha256",
            "validation_examples_sha256",
            "data_files",
            "start_adapter",
            "chaku_version");

    /** Numbers of a run's end, by their names there and here. */
    private static final Map<String, String> RESULTS = new LinkedHashMap<>();

    static {
        RESULTS.put("smoothed_loss", "train_loss");
        RESULTS.put("eval_loss", "eval_loss");
        RESULTS.put("eval_accuracy", "eval_accuracy");
        RESULTS.put("step", "steps");
        RESULTS.put("epoch", "epochs");
        RESULTS.put("tokens", "tokens");
        RESULTS.put("elapsed_s", "seconds");
        RESULTS.put("tokens_per_s", "train_tokens_per_s");
    }

    /**
     * Reads what there is.
     *
     * @throws BadInputException if there is no adapter
     */
    static OriginFiles of(Path path) {
        boolean folder = Files.isDirectory(path);
        Path file = folder ? path.resolve(AdapterKeys.FILE_NAME) : path;
        if (!Files.isRegularFile(file)) {
            boolean peft = folder && PeftAdapters.isPeft(path);
            throw new BadInputException(path + ": expected a GGUF adapter, or a folder with " + AdapterKeys.FILE_NAME
                    + " in it, found " + (peft ? "one of PEFT; import it for its base first" : "none"));
        }
        GgufMetadata told = requireAdapter(file);
        List<Path> beside = new ArrayList<>();
        Optional<JsonFile> settings = Optional.empty();
        if (folder) {
            BESIDE.stream().map(path::resolve).filter(Files::isRegularFile).forEach(beside::add);
            settings = Optional.of(path.resolve(SETTINGS))
                    .filter(Files::isRegularFile)
                    .map(JsonFile::read)
                    .filter(run -> run.has("base_model_sha256"));
        }
        JsonFile run = settings.or(() -> told.findString("chaku.training").map(text -> JsonFile.parse(file, text)))
                .orElseGet(() -> JsonFile.parse(file, "{}"));
        return new OriginFiles(
                file,
                beside,
                new VersionDescription(lineage(run, told), licences(run, told), metrics(folder, path), ""));
    }

    private static GgufMetadata requireAdapter(Path file) {
        GgufMetadata told = GgufFile.read(file).metadata();
        String type = told.findString("general.type").orElse("nothing");
        if (!type.equals("adapter")) {
            throw new BadInputException(
                    file + ": no LoRA adapter: key general.type expects \"adapter\", found " + type);
        }
        return told;
    }

    private static Lineage lineage(JsonFile run, GgufMetadata told) {
        Lineage.Base base = new Lineage.Base(
                text(run, "base_name")
                        .or(() -> told.findString("general.base_model.0.name"))
                        .orElse(""),
                text(run, "base").or(() -> told.findString(AdapterKeys.FILE)).orElse(""),
                text(run, "base_model_sha256")
                        .or(() -> told.findString(AdapterKeys.HASH))
                        .orElse(""),
                told.findString("general.architecture").orElse(""));
        Lineage.Data data = new Lineage.Data(
                List.of(),
                text(run, "training_examples_sha256").orElse(""),
                count(run, "examples"),
                text(run, "validation_examples_sha256").orElse(""),
                count(run, "eval_examples"),
                count(run, "conversations"));
        Map<String, String> settings = new LinkedHashMap<>();
        told.asMap().forEach((key, value) -> {
            if (key.startsWith(MergeOrigin.PREFIX) && !(value instanceof GgufArray)) {
                settings.put("merge_" + key.substring(MergeOrigin.PREFIX.length()), plain(value));
            }
        });
        run.fields().forEach((name, value) -> {
            if (!PLACED.contains(name) && value != null) {
                settings.put(name, value.toString());
            }
        });
        return new Lineage(
                base,
                data,
                text(run, "chat_template_sha256").orElse(""),
                told.findString(AdapterKeys.VOCABULARY).orElse(""),
                settings,
                text(run, "chaku_version").orElse(""),
                parents(run, told));
    }

    /** What it went on from; or what the file of a merged adapter tells of those that it was merged from. */
    private static List<Lineage.Parent> parents(JsonFile run, GgufMetadata told) {
        Optional<String> start = text(run, "start_adapter");
        if (start.isPresent()) {
            return List.of(new Lineage.Parent(start.get(), "", Optional.empty()));
        }
        List<String> names = told.findStrings(MergeOrigin.ADAPTERS)
                .map(GgufArray.Strings::toList)
                .orElse(List.of());
        List<String> hashes = told.findStrings(MergeOrigin.HASHES)
                .map(GgufArray.Strings::toList)
                .orElse(List.of());
        Optional<GgufArray.Numbers> weights = told.findNumbers(MergeOrigin.WEIGHTS);
        List<Lineage.Parent> parents = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            int at = i;
            parents.add(new Lineage.Parent(
                    names.get(i),
                    i < hashes.size() ? hashes.get(i) : "",
                    weights.filter(all -> at < all.size()).map(all -> weight(all, at))));
        }
        return parents;
    }

    /** As it was given: 0.7, not the float32 next to it. */
    private static double weight(GgufArray.Numbers weights, int at) {
        return weights.elementType() == GgufValueType.FLOAT32
                ? Double.parseDouble(Float.toString((float) weights.doubleAt(at)))
                : weights.doubleAt(at);
    }

    private static String plain(GgufValue value) {
        return value instanceof GgufValue.Text text
                ? text.value()
                : value.describe().replaceFirst("^\\S+ ", "");
    }

    private static Licences licences(JsonFile run, GgufMetadata told) {
        String base = text(run, "base_license")
                .or(() -> told.findString(AdapterKeys.LICENCE))
                .or(() -> told.findString("general.license"))
                .filter(licence -> !licence.isBlank())
                .orElse(Licences.UNKNOWN);
        return new Licences(base, Licences.UNKNOWN);
    }

    private static Map<String, Double> metrics(boolean folder, Path path) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        if (folder) {
            JsonFile result = JsonFile.readIfPresent(path.resolve(RESULT));
            RESULTS.forEach((there, here) -> {
                if (result.fields().get(there) instanceof Number number) {
                    metrics.put(here, number.doubleValue());
                }
            });
        }
        return metrics;
    }

    private static Optional<String> text(JsonFile run, String key) {
        return Optional.ofNullable(run.fields().get(key)).map(Object::toString).filter(text -> !text.isBlank());
    }

    private static long count(JsonFile run, String key) {
        return run.fields().get(key) instanceof Number number ? number.longValue() : 0;
    }
}
