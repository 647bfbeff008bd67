package dev.chaku.registry;

import dev.chaku.internal.huggingface.JsonFile;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The file of a version's folder that says what it is: written once, when it is registered. */
record VersionFile(
        String name, Instant created, String createdBy, VersionDescription description, String sha256, long bytes) {
    static final String NAME = "version.json";

    /** Of the first layout; a reader refuses what is newer. */
    static final int FORMAT = 1;

    Map<String, Object> toJson() {
        Lineage lineage = description.lineage();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("name", name);
        json.put("created", created.toString());
        json.put("created_by", createdBy);
        json.put("note", description.note());
        json.put("adapter", fields("sha256", sha256, "bytes", bytes));
        json.putAll(lineage(lineage));
        json.put("base_license", description.licences().base());
        json.put("data_license", description.licences().data());
        json.put("metrics", description.metrics());
        return json;
    }

    /** A lineage as JSON has it, for the file and for whoever shows it. */
    static Map<String, Object> lineage(Lineage lineage) {
        Map<String, Object> json = new LinkedHashMap<>();
        Lineage.Base base = lineage.base();
        json.put(
                "base",
                fields(
                        "name",
                        base.name(),
                        "file",
                        base.file(),
                        "sha256",
                        base.sha256(),
                        "architecture",
                        base.architecture()));
        Lineage.Data data = lineage.data();
        json.put(
                "data",
                fields(
                        "files",
                        data.files(),
                        "sha256",
                        data.sha256(),
                        "examples",
                        data.examples(),
                        "validation_sha256",
                        data.validationSha256(),
                        "validation_examples",
                        data.validationExamples(),
                        "conversations",
                        data.conversations()));
        json.put("template_sha256", lineage.templateSha256());
        json.put("tokenizer_sha256", lineage.tokenizerSha256());
        json.put("settings", lineage.settings());
        json.put("code_version", lineage.codeVersion());
        List<Object> parents = new ArrayList<>();
        for (Lineage.Parent parent : lineage.parents()) {
            parents.add(fields(
                    "adapter",
                    parent.adapter(),
                    "sha256",
                    parent.sha256(),
                    "weight",
                    parent.weight().orElse(null)));
        }
        json.put("parents", parents);
        return json;
    }

    private static Map<String, Object> fields(@Nullable Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        }
        return fields;
    }

    /**
     * Reads the file in a version's folder.
     *
     * @throws dev.chaku.errors.BadInputException if it is missing, damaged or of a newer Chaku
     */
    static VersionFile read(Path folder) {
        JsonFile json = JsonFile.read(folder.resolve(NAME));
        requireFormat(json);
        JsonFile base = object(json, "base");
        JsonFile data = object(json, "data");
        JsonFile adapter = object(json, "adapter");
        List<String> files = new ArrayList<>();
        data.findList("files").orElse(List.of()).forEach(file -> files.add(String.valueOf(file)));
        Lineage lineage = new Lineage(
                new Lineage.Base(
                        text(base, "name"), text(base, "file"), text(base, "sha256"), text(base, "architecture")),
                new Lineage.Data(
                        files,
                        text(data, "sha256"),
                        count(data, "examples"),
                        text(data, "validation_sha256"),
                        count(data, "validation_examples"),
                        count(data, "conversations")),
                text(json, "template_sha256"),
                text(json, "tokenizer_sha256"),
                settings(object(json, "settings")),
                text(json, "code_version"),
                parents(json));
        Licences licences = new Licences(
                json.findString("base_license").orElse(Licences.UNKNOWN),
                json.findString("data_license").orElse(Licences.UNKNOWN));
        return new VersionFile(
                text(json, "name"),
                instant(json, "created"),
                text(json, "created_by"),
                new VersionDescription(lineage, licences, numbers(object(json, "metrics")), text(json, "note")),
                text(adapter, "sha256"),
                count(adapter, "bytes"));
    }

    /** Refuses what a newer Chaku wrote, rather than to understand a half of it. */
    static void requireFormat(JsonFile json) {
        int format = json.findInt("format").orElse(0);
        if (format != FORMAT) {
            throw json.error("format", FORMAT + " (a newer Chaku may have written it)", format);
        }
    }

    private static List<Lineage.Parent> parents(JsonFile json) {
        List<Lineage.Parent> parents = new ArrayList<>();
        int n = json.findList("parents").map(List::size).orElse(0);
        for (int i = 0; i < n; i++) {
            JsonFile parent = json.element("parents", i);
            Optional<Double> weight =
                    parent.findDouble("weight").stream().boxed().findFirst();
            parents.add(new Lineage.Parent(text(parent, "adapter"), text(parent, "sha256"), weight));
        }
        return parents;
    }

    private static Map<String, String> settings(JsonFile json) {
        Map<String, String> settings = new LinkedHashMap<>();
        json.fields().forEach((name, value) -> settings.put(name, String.valueOf(value)));
        return settings;
    }

    static Map<String, Double> numbers(JsonFile json) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        json.fields().keySet().forEach(name -> numbers.put(name, json.requireDouble(name)));
        return numbers;
    }

    static Instant instant(JsonFile json, String key) {
        String text = text(json, key);
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw json.error(key, "a time such as 2026-01-31T12:00:00Z", text);
        }
    }

    static JsonFile object(JsonFile json, String key) {
        return json.findObject(key).orElseGet(() -> JsonFile.parse(json.path(), "{}"));
    }

    static String text(JsonFile json, String key) {
        return json.findString(key).orElse("");
    }

    static long count(JsonFile json, String key) {
        Object value = json.fields().get(key);
        if (value == null) {
            return 0;
        }
        if (value instanceof Long number && number >= 0) {
            return number;
        }
        throw json.error(key, "a number of at least 0", value);
    }
}
