package dev.chaku.cli;

import dev.chaku.merge.MergeReport;
import dev.chaku.merge.MergeReport.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What {@code chaku adapter merge} says of a merged adapter. */
final class MergeOutcome {
    /** Products that a note names; more are counted. */
    private static final int NAMED = 3;

    private MergeOutcome() {}

    static Map<String, Object> fields(Path out, MergeReport report) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("method", report.method().label());
        fields.putAll(report.method().settings());
        fields.put("adapters", report.parents());
        fields.put("rank", report.rank());
        fields.put("alpha", report.alpha());
        fields.put(
                "tensors", report.tensors().stream().map(MergeOutcome::describe).toList());
        return fields;
    }

    private static Map<String, Object> describe(Tensor tensor) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", tensor.name());
        fields.put("ranks", tensor.ranks());
        fields.put("weights", tensor.weights());
        fields.put("rank", tensor.rank());
        fields.put("energy", tensor.energy().isPresent() ? tensor.energy().getAsDouble() : null);
        return fields;
    }

    static void print(Console console, Path out, MergeReport report) {
        for (Tensor tensor : report.tensors()) {
            tensor.energy()
                    .ifPresent(energy -> console.print(String.format(
                            Locale.ROOT,
                            "%-28s rank %9s -> %-4d keeps %7.3f %%",
                            tensor.name(),
                            tensor.ranks().stream().map(String::valueOf).collect(Collectors.joining(", ")),
                            tensor.rank(),
                            100 * energy)));
        }
        List<Tensor> partial = report.partial();
        if (!partial.isEmpty()) {
            String more = partial.size() > NAMED ? " and " + (partial.size() - NAMED) + " more" : "";
            console.note("note: " + Words.count(partial.size(), "product") + " of "
                    + report.tensors().size()
                    + " are in some adapters only and count as zero in the others: "
                    + partial.stream()
                            .limit(NAMED)
                            .map(tensor -> tensor.name() + " (not in " + absent(tensor, report.parents()) + ")")
                            .collect(Collectors.joining(", "))
                    + more);
        }
        console.print(out + ": " + report.method().label() + " of "
                + String.join(", ", report.parents()) + "; "
                + Words.count(report.tensors().size(), "product") + " of rank " + ranks(report));
    }

    private static String absent(Tensor tensor, List<String> parents) {
        return IntStream.range(0, parents.size())
                .filter(i -> tensor.ranks().get(i) == 0)
                .mapToObj(parents::get)
                .collect(Collectors.joining(", "));
    }

    private static String ranks(MergeReport report) {
        int least = report.tensors().stream().mapToInt(Tensor::rank).min().orElse(0);
        return least == report.rank() ? String.valueOf(least) : least + " to " + report.rank();
    }
}
