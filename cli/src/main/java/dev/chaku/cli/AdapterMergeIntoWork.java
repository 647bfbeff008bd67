package dev.chaku.cli;

import dev.chaku.BaseMergeReport;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@code chaku adapter merge --into} says of a merged model. */
final class AdapterMergeIntoWork {
    private AdapterMergeIntoWork() {}

    /** The result as JSON fields; what was not measured is not there. */
    static Map<String, Object> fields(Path out, BaseMergeReport report) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("tensors_changed", report.tensors().size());
        fields.put("bytes_written", report.fileBytes());
        fields.put("untied", report.untied());
        fields.put("kept", report.kept());
        report.trial().ifPresent(trial -> {
            fields.put("kl", trial.divergence());
            fields.put("top1_agreement", trial.agreement());
            fields.put("loss_base", trial.lossBase());
            fields.put("loss_adapter", trial.lossAdapter());
            fields.put("loss_merged", trial.lossMerged());
            fields.put("recovery", orNull(trial.recovery()));
            fields.put("tokens", trial.tokens());
            trial.withDelta().ifPresent(with -> {
                Map<String, Object> said = new LinkedHashMap<>();
                said.put("loss", with.loss());
                said.put("kl", with.divergence());
                said.put("top1_agreement", with.agreement());
                said.put("recovery", orNull(trial.recovery(with.loss())));
                fields.put("with_delta", said);
            });
        });
        report.delta().ifPresent(delta -> {
            Map<String, Object> made = new LinkedHashMap<>();
            made.put("rank", delta.rank());
            made.put("products", delta.products());
            made.put("parameters", delta.parameters());
            fields.put("delta", made);
        });
        report.advice().ifPresent(advice -> {
            fields.put("smallest_format", advice.format().label());
            fields.put("smallest_format_kept", advice.kept());
        });
        fields.put(
                "tensors",
                report.tensors().stream().map(AdapterMergeIntoWork::describe).toList());
        return fields;
    }

    /** JSON knows no NaN. */
    private static Double orNull(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private static Map<String, Object> describe(BaseMergeReport.Tensor tensor) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", tensor.name());
        fields.put("from", tensor.from().name());
        fields.put("to", tensor.to().name());
        fields.put("bytes", tensor.bytes());
        fields.put("kept", tensor.kept());
        fields.put("error", tensor.error());
        return fields;
    }

    /** The result in words. */
    static void print(Console console, Path out, BaseMergeReport report) {
        List<BaseMergeReport.Tensor> tensors = report.tensors();
        console.print(String.format(Locale.ROOT, "  %-36s %-14s %9s %9s", "tensor", "format", "kept", "error"));
        for (BaseMergeReport.Tensor tensor : tensors) {
            String format = tensor.from() == tensor.to() ? tensor.to().name() : tensor.from() + " -> " + tensor.to();
            console.print(String.format(
                    Locale.ROOT,
                    "  %-36s %-14s %7.1f %% %7.1f %%",
                    tensor.name(),
                    format,
                    100 * tensor.kept(),
                    100 * tensor.error()));
        }
        report.trial().ifPresent(trial -> print(console, trial));
        report.delta()
                .ifPresent(delta -> console.print("what rounding lost: an adapter of "
                        + Words.count(delta.products(), "product") + " and rank up to " + delta.rank()));
        if (report.untied()) {
            console.print(
                    "the model has an output projection of its own now: in the base one tensor is embedding and output");
        }
        console.print(out + ": " + Words.count(tensors.size(), "tensor") + " changed, "
                + ProgressLine.bytes(report.fileBytes()));
    }

    private static void print(Console console, BaseMergeReport.Trial trial) {
        console.print(String.format(
                Locale.ROOT,
                "loss: base %.4f, base with adapters %.4f, merged %.4f: %s (%s)",
                trial.lossBase(),
                trial.lossAdapter(),
                trial.lossMerged(),
                gain(trial, trial.lossMerged()),
                Words.count(trial.tokens(), "token")));
        console.print(String.format(
                Locale.ROOT,
                "merged against base with adapters: KL %.5f nats, the same likeliest token at %.1f %%",
                trial.divergence(),
                100 * trial.agreement()));
        trial.withDelta()
                .ifPresent(with -> console.print(String.format(
                        Locale.ROOT,
                        "merged with what rounding lost: loss %.4f, %s; KL %.5f nats, the same likeliest token at %.1f %%",
                        with.loss(),
                        gain(trial, with.loss()),
                        with.divergence(),
                        100 * with.agreement())));
    }

    private static String gain(BaseMergeReport.Trial trial, double loss) {
        double recovery = trial.recovery(loss);
        return Double.isNaN(recovery)
                ? "the adapters gain nothing here"
                : String.format(Locale.ROOT, "%.1f %% of the gain", 100 * recovery);
    }
}
