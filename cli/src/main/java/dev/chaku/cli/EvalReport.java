package dev.chaku.cli;

import dev.chaku.eval.Check;
import dev.chaku.eval.Comparison;
import dev.chaku.eval.Confusion;
import dev.chaku.eval.Estimate;
import dev.chaku.eval.Evaluation;
import dev.chaku.eval.VariantResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What {@code chaku eval} says of an evaluation. */
final class EvalReport {
    private final Evaluation found;
    private final @Nullable String gate;
    private final @Nullable String fault;

    /**
     * @param gate that was asked for, if any
     * @param fault why the adapter does not pass it, if so
     */
    EvalReport(Evaluation found, @Nullable String gate, @Nullable String fault) {
        this.found = found;
        this.gate = gate;
        this.fault = fault;
    }

    /** Why the adapter does not pass, as expected and found. */
    static Optional<String> gateFault(Evaluation found, String production, double margin) {
        String metric = found.metric();
        double before =
                found.variant(production).orElseThrow().metrics().get(metric).mean();
        double now =
                found.variant("adapter").orElseThrow().metrics().get(metric).mean();
        boolean isLoss = metric.equals("loss");
        if (isLoss ? now <= before + margin : now >= before - margin) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "gate: expected %s of at %s %.4f, as %s has it%s, found %.4f",
                metric,
                isLoss ? "most" : "least",
                isLoss ? before + margin : before - margin,
                production,
                margin == 0 ? "" : " less the margin",
                now));
    }

    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("metric", found.metric());
        fields.put("examples", found.examples());
        fields.put("variants", found.variants().stream().map(EvalReport::fields).toList());
        fields.put(
                "comparisons",
                found.comparisons().stream().map(EvalReport::fields).toList());
        fields.put("advice", found.advice());
        fields.put("checks", found.checks().stream().map(EvalReport::fields).toList());
        fields.put("warnings", found.warnings());
        if (gate != null) {
            fields.put("gate", gate);
            fields.put("pass", fault == null);
        }
        return fields;
    }

    private static Map<String, Object> fields(VariantResult result) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", result.name());
        Map<String, Object> means = new LinkedHashMap<>();
        Map<String, Object> intervals = new LinkedHashMap<>();
        result.metrics().forEach((name, estimate) -> {
            means.put(name, estimate.mean());
            intervals.put(name, List.of(estimate.low(), estimate.high()));
        });
        means.put("perplexity", Math.exp(result.metrics().get("loss").mean()));
        fields.put("metrics", means);
        fields.put("intervals", intervals);
        fields.put("parts", result.parts());
        fields.put("tokens_per_request", result.tokensPerRequest());
        fields.put("prompt_tokens", result.promptTokens());
        fields.put("answer_tokens", result.answerTokens());
        fields.put("seconds", result.seconds());
        fields.put("cut_answers", result.cutAnswers());
        result.confusion().ifPresent(confusion -> {
            fields.put("labels", confusion.labels());
            fields.put("confusion", confusion.counts());
        });
        result.copied().ifPresent(words -> fields.put("copied_words", words));
        if (!Double.isNaN(result.generalLossOrNaN())) {
            fields.put("general_loss", result.generalLossOrNaN());
        }
        return fields;
    }

    private static Map<String, Object> fields(Comparison one) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("a", one.a());
        fields.put("b", one.b());
        fields.put("difference", one.difference());
        fields.put("interval", List.of(one.low(), one.high()));
        fields.put("p", one.p());
        return fields;
    }

    private static Map<String, Object> fields(Check check) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("variant", check.variant());
        fields.put("name", check.name());
        fields.put("before", check.before());
        fields.put("after", check.after());
        fields.put("threshold", check.threshold());
        fields.put("pass", check.passed());
        fields.put("text", check.text());
        return fields;
    }

    void print(Console console) {
        console.print(Words.count(found.examples(), "example") + ", compared by " + found.metric());
        List<String> heads = new ArrayList<>(List.of(""));
        heads.addAll(found.variants().get(0).metrics().keySet());
        heads.addAll(List.of("tokens a request", "seconds"));
        TextTable table = new TextTable(heads.toArray(String[]::new));
        for (VariantResult result : found.variants()) {
            List<String> row = new ArrayList<>(List.of(result.name()));
            for (Estimate estimate : result.metrics().values()) {
                row.add(String.format(
                        Locale.ROOT, "%.3f (%.3f-%.3f)", estimate.mean(), estimate.low(), estimate.high()));
            }
            row.add(String.format(Locale.ROOT, "%.0f", result.tokensPerRequest()));
            row.add(String.format(Locale.ROOT, "%.1f", result.seconds()));
            table.row(row.toArray(String[]::new));
        }
        table.lines().forEach(console::print);
        for (VariantResult result : found.variants()) {
            printParts(console, result);
        }
        for (Comparison one : found.comparisons()) {
            console.print(String.format(
                    Locale.ROOT,
                    "%s less %s: %+.3f (%+.3f to %+.3f), p = %.2g%s",
                    one.b(),
                    one.a(),
                    one.difference(),
                    one.low(),
                    one.high(),
                    one.p(),
                    one.isSure() ? "" : ": may be chance"));
        }
        console.print(console.colour(Console.Colour.BOLD, found.advice()));
        found.checks().stream()
                .filter(Check::passed)
                .forEach(check -> console.print(
                        console.colour(Console.Colour.DIM, "ok: " + check.variant() + ": " + check.text())));
        found.warnings().forEach(warning -> console.print("note: " + warning));
        if (gate != null && fault == null) {
            console.print(console.colour(Console.Colour.GREEN, "gate " + gate + ": passed"));
        }
    }

    private static void printParts(Console console, VariantResult result) {
        if (!result.parts().isEmpty()) {
            console.print(result.name() + ":");
            result.parts()
                    .forEach((part, mean) -> console.print(String.format(Locale.ROOT, "  %-40s %.3f", part, mean)));
        }
        result.confusion().filter(confusion -> confusion.labels().size() <= 12).ifPresent(confusion -> {
            console.print(result.name() + ": rows are the right labels, columns the answers");
            confusionTable(confusion).forEach(line -> console.print("  " + line));
        });
        result.copied()
                .ifPresent(words -> console.print(result.name()
                        + ": the longest passage copied from the training data has " + Words.count(words, "word")));
        if (!Double.isNaN(result.generalLossOrNaN())) {
            console.print(String.format(
                    Locale.ROOT, "%s: loss on general text %.4f", result.name(), result.generalLossOrNaN()));
        }
    }

    private static List<String> confusionTable(Confusion confusion) {
        List<String> heads = new ArrayList<>(List.of(""));
        heads.addAll(confusion.labels());
        heads.add("other");
        TextTable table = new TextTable(heads.toArray(String[]::new));
        for (int i = 0; i < confusion.labels().size(); i++) {
            List<String> row = new ArrayList<>(List.of(confusion.labels().get(i)));
            confusion.counts().get(i).forEach(count -> row.add(Integer.toString(count)));
            table.row(row.toArray(String[]::new));
        }
        return table.lines();
    }
}
