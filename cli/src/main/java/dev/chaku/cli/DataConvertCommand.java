package dev.chaku.cli;

import dev.chaku.data.Conversion;
import dev.chaku.data.DataFormat;
import dev.chaku.data.DataRecords;
import dev.chaku.data.JsonLines;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileDraft;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku data convert}: data in another layout. */
@Command(
        name = "convert",
        description = {
            "Writes data as JSON lines in another layout: chat, prompt-completion, alpaca, sharegpt, text, preference or labelled (KTO).",
            "Columns that no layout reads go along. What the new layout has no place for is an error that names it, unless --allow-loss."
        },
        footer = {
            "",
            "Examples:",
            "  chaku data convert alpaca.json --to chat --out train.jsonl",
            "  chaku data convert faq.csv --columns prompt=question,completion=answer --to chat --out faq.jsonl.gz",
            "  chaku data convert pairs.jsonl --to labelled --out kto.jsonl",
            "  chaku data convert chats.jsonl --to prompt-completion --out last-turns.jsonl --allow-loss"
        })
final class DataConvertCommand extends Verb {
    @Mixin
    private DataOptions data;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "NAME",
            description = "The layout: chat, prompt-completion, alpaca, sharegpt, text, preference or labelled.")
    private DataFormat to;

    @Writes
    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "The file to write; gzipped if its name ends in .gz.")
    private Path out;

    @Option(names = "--allow-loss", description = "Write what the layout can hold, and count what it cannot.")
    private boolean allowLoss;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that cannot be read, and count them.")
    private boolean skipBadLines;

    @Mixin
    private OverwriteOption overwrite;

    /** Losses by name with the number of examples, in the order in which they came up. */
    private final Map<String, Integer> losses = new LinkedHashMap<>();

    private Conversion conversion;
    private String firstLoss = "";
    private int read;
    private int written;
    private int leftOut;

    @Override
    void validate() {
        try {
            conversion = new Conversion(to);
        } catch (BadInputException e) {
            throw usage("--to: " + e.getMessage());
        }
    }

    @Override
    void execute() {
        DataRecords.Skipped skipped;
        try (FileDraft file = output(out).begin()) {
            skipped = DataRecords.read(data.files(), data.reading(skipBadLines), entry -> take(entry, file));
            if (!losses.isEmpty() && !allowLoss) {
                throw new BadInputException(firstLoss + ": " + to.label() + " has no place for " + lossText()
                        + "; --allow-loss writes the data without");
            }
            if (written == 0) {
                throw new BadInputException(data.names() + ": expected at least one example to write, found none");
            }
            file.place();
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("out", out.toString());
        fields.put("examples", read);
        fields.put("written", written);
        fields.put("left_out", leftOut);
        fields.put("lost", losses);
        fields.put("skipped_lines", skipped.lines());
        skipped.reasons().forEach(reason -> console().note("left out " + reason));
        result(fields, this::print);
    }

    private void take(DataRecords.Entry entry, FileDraft file) {
        for (Conversion.Converted converted : conversion.convert(entry)) {
            read++;
            leftOut += converted.records().isEmpty() ? 1 : 0;
            for (String loss : converted.lost()) {
                firstLoss = losses.isEmpty() ? entry.source() : firstLoss;
                losses.merge(loss, 1, Integer::sum);
            }
            for (Map<String, Object> record : converted.records()) {
                written++;
                file.line(JsonLines.line(record));
            }
        }
    }

    private String lossText() {
        return losses.entrySet().stream()
                .map(loss -> loss.getKey() + " (" + Words.count(loss.getValue(), "example") + ")")
                .collect(Collectors.joining(", "));
    }

    private void print() {
        console()
                .print(out + ": " + Words.count(written, "record") + " from " + Words.count(read, "example") + ", as "
                        + to.label());
        if (!losses.isEmpty()) {
            console()
                    .print("lost: " + lossText()
                            + (leftOut > 0 ? "; " + Words.count(leftOut, "example") + " left out" : ""));
        }
    }
}
