package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.registry.ProductNorms;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Compares what is said of two versions, and what they add to the base. */
final class Differences {
    private Differences() {}

    static VersionDiff of(AdapterVersion before, AdapterVersion after) {
        List<VersionDiff.Change> changes = new ArrayList<>();
        Map<String, Map<String, String>> first = groups(before);
        Map<String, Map<String, String>> second = groups(after);
        first.forEach((group, values) -> compare(group, values, second.get(group), changes));
        return new VersionDiff(before.reference(), after.reference(), changes, tensors(before, after));
    }

    private static void compare(
            String group, Map<String, String> before, Map<String, String> after, List<VersionDiff.Change> changes) {
        Set<String> names = new LinkedHashSet<>(before.keySet());
        names.addAll(after.keySet());
        for (String name : names) {
            String was = before.getOrDefault(name, "");
            String is = after.getOrDefault(name, "");
            if (!was.equals(is)) {
                changes.add(new VersionDiff.Change(group, name, was, is));
            }
        }
    }

    private static Map<String, Map<String, String>> groups(AdapterVersion version) {
        Lineage lineage = version.description().lineage();
        Lineage.Base base = lineage.base();
        Lineage.Data data = lineage.data();
        Map<String, Map<String, String>> groups = new LinkedHashMap<>();
        groups.put(
                "base",
                values(
                        "name",
                        base.name(),
                        "file",
                        base.file(),
                        "sha256",
                        base.sha256(),
                        "architecture",
                        base.architecture()));
        groups.put(
                "data",
                values(
                        "files",
                        String.join(", ", data.files()),
                        "sha256",
                        data.sha256(),
                        "examples",
                        Long.toString(data.examples()),
                        "validation_sha256",
                        data.validationSha256(),
                        "validation_examples",
                        Long.toString(data.validationExamples()),
                        "conversations",
                        Long.toString(data.conversations())));
        groups.put(
                "text",
                values("template_sha256", lineage.templateSha256(), "tokenizer_sha256", lineage.tokenizerSha256()));
        groups.put("settings", lineage.settings());
        groups.put(
                "licences",
                values(
                        "base",
                        version.description().licences().base(),
                        "data",
                        version.description().licences().data()));
        groups.put("code", values("version", lineage.codeVersion()));
        groups.put(
                "parents",
                values(
                        "adapters",
                        lineage.parents().stream()
                                .map(parent -> parent.adapter()
                                        + parent.weight()
                                                .map(weight -> "=" + weight)
                                                .orElse(""))
                                .collect(Collectors.joining(", "))));
        Map<String, String> metrics = new LinkedHashMap<>();
        version.metrics().forEach((name, value) -> metrics.put(name, value.toString()));
        groups.put("metrics", metrics);
        return groups;
    }

    private static Map<String, String> values(String... namesAndValues) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return values;
    }

    private static List<VersionDiff.Tensor> tensors(AdapterVersion before, AdapterVersion after) {
        AdapterWeights first = GgufAdapters.read(before.file());
        AdapterWeights second = GgufAdapters.read(after.file());
        Map<String, LoraPair> firstPairs = pairs(first);
        Map<String, LoraPair> secondPairs = pairs(second);
        Set<String> names = new LinkedHashSet<>(firstPairs.keySet());
        names.addAll(secondPairs.keySet());
        return names.parallelStream()
                .map(name -> tensor(name, first, firstPairs.get(name), second, secondPairs.get(name)))
                .toList();
    }

    private static Map<String, LoraPair> pairs(AdapterWeights adapter) {
        Map<String, LoraPair> pairs = new LinkedHashMap<>();
        adapter.pairs().forEach(pair -> pairs.put(pair.place().name() + ".weight", pair));
        return pairs;
    }

    private static VersionDiff.Tensor tensor(
            String name,
            AdapterWeights first,
            @Nullable LoraPair before,
            AdapterWeights second,
            @Nullable LoraPair after) {
        double was = before == null ? 0 : ProductNorms.norm(first, before);
        double is = after == null ? 0 : ProductNorms.norm(second, after);
        if (before == null || after == null) {
            return new VersionDiff.Tensor(name, was, is, was + is);
        }
        if (before.inputs() != after.inputs()
                || before.outputs() != after.outputs()
                || before.experts() != after.experts()) {
            throw new BadInputException(
                    second.source() + ": tensor " + name + ": expected " + before.inputs() + " inputs and "
                            + before.outputs() + " outputs as in " + first.source() + ", found " + after.inputs()
                            + " and " + after.outputs() + "; the two are for other bases");
        }
        return new VersionDiff.Tensor(name, was, is, ProductNorms.difference(first, before, second, after));
    }
}
