package dev.chaku.cli;

import dev.chaku.data.ColumnMap;
import dev.chaku.data.DataFormat;
import dev.chaku.data.Dataset;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which data a verb reads, and how. */
final class DataOptions {
    @Reads
    @Parameters(
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "Data files: JSON lines, JSON arrays, CSV, TSV, Parquet or text, gzipped or not; - is standard input.")
    private List<String> files;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            description =
                    "Of the records, if not to be detected: chat, prompt-completion, sharegpt, alpaca, preference, labelled, text and others.")
    private DataFormat format;

    @Option(
            names = "--columns",
            paramLabel = "KEY=COLUMN,...",
            description =
                    "Columns of other names than the format's: prompt=question,completion=answer; {column} fills a text. What is named here wins over what is seen.")
    private ColumnMap columns;

    List<Path> files() {
        return DataArgument.files(files);
    }

    /** The files by name, for messages. */
    String names() {
        return files().stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** How records are read; wrong ones are errors unless they are to be left out. */
    Dataset.Options reading(boolean skipBadLines) {
        return Dataset.Options.defaults()
                .withFormat(format)
                .withSkipBadLines(skipBadLines)
                .withColumns(columns == null ? ColumnMap.NONE : columns);
    }

    /** Reads all files; lines that are no example are left out and told on standard error. */
    Dataset readWhatCanBe(Console console) {
        Dataset data = Dataset.read(files(), reading(true));
        if (data.skippedLines() > 0) {
            console.note(
                    data.skippedLines() == 1
                            ? "1 line is no example:"
                            : data.skippedLines() + " lines are no example, the first:");
            data.skippedReasons().forEach(reason -> console.note("  " + reason));
        }
        return data;
    }
}
