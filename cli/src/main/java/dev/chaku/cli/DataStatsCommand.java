package dev.chaku.cli;

import dev.chaku.data.Dataset;
import dev.chaku.data.doctor.DataDoctor;
import dev.chaku.data.doctor.DataStats;
import dev.chaku.data.doctor.JsonReport;
import dev.chaku.data.doctor.TextReport;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku data stats}: what is in a data set. */
@Command(
        name = "stats",
        description = {
            "Counts what is in data: examples, formats, roles, turns, languages, labels, lengths, and what of it is trained.",
            "Looks for no defects; chaku data check does."
        },
        footer = {
            "",
            "Examples:",
            "  chaku data stats train.jsonl",
            "  chaku data stats train.jsonl more.csv --model base.gguf --max-length 2048",
            "  chaku data stats faq.csv --columns prompt=question,completion=answer --json"
        })
final class DataStatsCommand extends Verb {
    @Mixin
    private DataOptions data;

    @Mixin
    private TextModel.Options model;

    @Mixin
    private SpecialOption special;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest sequence that is to be trained (1024, or the model's context).")
    private Integer maxLength;

    @Override
    void validate() {
        requireBeside("--model", "--chat-template");
    }

    @Override
    void execute() {
        Dataset dataset = data.readWhatCanBe(console());
        Optional<TextModel> text = model.read();
        DataStats stats;
        try (WorkProgress progress = new WorkProgress(console(), "counting")) {
            stats = DataDoctor.stats(
                    DataCheckCommand.request(dataset, null, text, maxLength).withParseSpecial(special.parse()),
                    progress::at);
        }
        result(
                Fields.of(JsonReport.render(stats), "skipped_lines", dataset.skippedLines()),
                () -> console().out().print(TextReport.render(stats)));
    }
}
