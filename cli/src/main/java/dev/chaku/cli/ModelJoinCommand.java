package dev.chaku.cli;

import dev.chaku.ModelJoiner;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code chaku model join}: the parts of a model become one file. */
@Command(
        name = "join",
        description = {
            "Joins the parts of a split GGUF model into one file. There is no need to: any verb opens the parts as one model.",
            "All parts must stand in one folder under the names that they were given (NAME-00001-of-00003.gguf)."
        },
        footer = {"", "Examples:", "  chaku model join base-00001-of-00003.gguf base.gguf"})
final class ModelJoinCommand extends Verb {
    @Reads
    @Parameters(index = "0", paramLabel = "PART", description = "The first part, or any other.")
    private Path part;

    @Writes
    @Parameters(index = "1", paramLabel = "OUT", description = "The new file.")
    private Path out;

    @Mixin
    private OverwriteOption overwrite;

    @Override
    void execute() {
        ModelJoiner.Report report;
        try (FileProgressDisplay display = new FileProgressDisplay(console())) {
            report = ModelJoiner.of(part).overwrite(overwrite.isSet()).write(out, display::show);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("parts", report.parts());
        fields.put("tensors", report.tensors());
        fields.put("file_bytes", report.fileBytes());
        result(fields, () -> console()
                .print(out + ": " + Words.count(report.tensors(), "tensor") + " of "
                        + Words.count(report.parts(), "part") + ", " + ProgressLine.bytes(report.fileBytes())));
    }
}
