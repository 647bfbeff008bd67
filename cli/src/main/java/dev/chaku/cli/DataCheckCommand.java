package dev.chaku.cli;

import dev.chaku.data.Dataset;
import dev.chaku.data.doctor.DataDoctor;
import dev.chaku.data.doctor.DataFixer;
import dev.chaku.data.doctor.DataReport;
import dev.chaku.data.doctor.Finding;
import dev.chaku.data.doctor.HtmlReport;
import dev.chaku.data.doctor.JsonReport;
import dev.chaku.data.doctor.TextReport;
import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku data check}: defects of a data set before it is trained on. */
@Command(
        name = "check",
        description = {
            "Examines data: defects that stop training, teach what is wrong, waste time or give away what is confidential.",
            "Ends with what training on them takes: tokens, steps and, with a model, memory and time.",
            "Ends with 3 if training would fail or go wrong, and 0 otherwise."
        },
        footer = {
            "",
            "Examples:",
            "  chaku data check train.jsonl",
            "  chaku data check train.jsonl --model base.gguf --eval-data test.jsonl --html report.html",
            "  chaku data check train.jsonl --fix mended.jsonl"
        })
final class DataCheckCommand extends Verb {
    private static final int DEFAULT_MAX_LENGTH = 1024;

    @Mixin
    private DataOptions data;

    @Mixin
    private TextModel.Options model;

    @Mixin
    private SpecialOption special;

    @Mixin
    private EstimateOptions estimate;

    @Reads
    @Option(
            names = {"--eval-data", "--test"},
            arity = "1..*",
            paramLabel = "FILE",
            description = "Validation or test data, which must not be among the training data.")
    private List<String> evalData = List.of();

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest sequence that is to be trained (1024, or the model's context).")
    private Integer maxLength;

    @Writes
    @Option(names = "--html", paramLabel = "FILE", description = "Write the report as a page, too.")
    private Path html;

    @Writes
    @Option(names = "--fix", paramLabel = "FILE", description = "Write a mended copy as JSON lines to a new file.")
    private Path fix;

    @Mixin
    private OverwriteOption overwrite;

    @Override
    void validate() {
        requireBeside(
                "--model",
                "--chat-template",
                "--no-timing",
                "--threads",
                "--device",
                "--gpu-layers",
                "--memory-limit",
                "--rank");
        if (html == null) {
            requireBeside("--fix", "--overwrite");
        }
        estimate.validate();
    }

    @Override
    void execute() {
        Dataset dataset = Dataset.read(data.files(), data.reading(true));
        DataReport found = examine(dataset);
        DataReport report = found.withEstimate(estimate.estimate(found.stats(), model.file(), console()));
        if (html != null) {
            output(html).write(SettingNames.toFlags(HtmlReport.render(report, data.names())));
        }
        if (fix != null) {
            fix(dataset);
        }
        result(
                Fields.of(SettingNames.toFlags(JsonReport.render(report))),
                () -> console().out().print(SettingNames.toFlags(TextReport.render(report))));
        int errors = report.count(Finding.Severity.ERROR);
        if (errors > 0) {
            throw new BadInputException(data.names() + ": " + errors + (errors == 1 ? " kind" : " kinds")
                    + " of defect would make training fail or go wrong");
        }
    }

    private DataReport examine(Dataset dataset) {
        DataArgument.requireNoFlags(line(), evalData);
        Dataset test = evalData.isEmpty() ? null : Dataset.read(DataArgument.files(evalData), data.reading(true));
        try (WorkProgress progress = new WorkProgress(console(), "checking")) {
            return DataDoctor.check(
                    request(dataset, test, model.read(), maxLength).withParseSpecial(special.parse()), progress::at);
        }
    }

    /** What the doctor is asked, with the model's tokenizer where there is one. */
    static DataDoctor.Request request(
            Dataset data, @Nullable Dataset test, Optional<TextModel> model, @Nullable Integer maxLength) {
        int context = model.map(TextModel::contextLength).orElse(Integer.MAX_VALUE);
        int length = maxLength != null ? maxLength : Math.min(DEFAULT_MAX_LENGTH, context);
        if (length < 2) {
            throw BadInputException.ofSetting("max length", "at least 2 tokens", length);
        }
        if (length > context) {
            throw new BadInputException(
                    "--max-length: expected at most the model's context of " + context + " tokens, found " + length);
        }
        return new DataDoctor.Request(
                data,
                test,
                model.map(TextModel::tokenizer).orElse(null),
                model.map(TextModel::chat).orElse(null),
                length);
    }

    private void fix(Dataset dataset) {
        DataFixer.Result mended = DataFixer.fix(dataset, output(fix));
        console()
                .note(fix + ": " + Words.count(mended.written(), "example") + "; left out "
                        + Words.count(mended.copies(), "cop", "y", "ies") + " and " + mended.unusable()
                        + " without use, took characters out of " + mended.cleaned());
    }
}
