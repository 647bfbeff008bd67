package dev.chaku.cli;

import dev.chaku.data.DataRecords;
import dev.chaku.data.DataSplitter;
import dev.chaku.data.JsonLines;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku data split}: data into parts for training, validation and test. */
@Command(
        name = "split",
        description = {
            "Splits data at random into train.jsonl, validation.jsonl and test.jsonl; the same seed gives the same parts.",
            "Records stay as they are. All examples of one prompt come into the same part, so that nothing trained on is tested."
        },
        footer = {
            "",
            "Examples:",
            "  chaku data split all.jsonl --out parts --validation 0.05",
            "  chaku data split all.jsonl --out parts --validation 0.1 --test 200 --seed 7",
            "  chaku data split labels.csv --out parts --test 0.2 --stratify        every label in every part"
        })
final class DataSplitCommand extends Verb {
    @Mixin
    private DataOptions data;

    @Writes(Writes.Kind.FOLDER)
    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "The folder to write to; made if absent.")
    private Path out;

    @Option(
            names = "--validation",
            paramLabel = "SHARE|N",
            description = "Set aside for validation: a share below 1, or a number of examples.")
    private String validation;

    @Option(names = "--test", paramLabel = "SHARE|N", description = "Set aside for test, likewise.")
    private String test;

    @Option(
            names = "--seed",
            defaultValue = "42",
            paramLabel = "N",
            description = "Of the random choice (${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--stratify",
            description = "Give every part its share of each label: short answers, or the truth values of KTO data.")
    private boolean stratify;

    @Option(names = "--gzip", description = "Write .jsonl.gz.")
    private boolean gzip;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that cannot be read, and count them.")
    private boolean skipBadLines;

    @Mixin
    private OverwriteOption overwrite;

    @Override
    void validate() {
        if (validation == null && test == null) {
            throw usage("expected --validation or --test, found neither");
        }
        double shares = 0;
        for (DataSplitter.Size size : sizes()) {
            shares += size instanceof DataSplitter.Size.Share share ? share.share() : 0;
        }
        if (shares >= 1) {
            throw usage("--validation and --test: expected shares that leave some to train on, found " + validation
                    + " and " + test + ", which are all or more");
        }
    }

    private List<DataSplitter.Size> sizes() {
        List<DataSplitter.Size> sizes = new ArrayList<>();
        if (validation != null) {
            sizes.add(DataSplitter.Size.parse("validation", validation));
        }
        if (test != null) {
            sizes.add(DataSplitter.Size.parse("test", test));
        }
        return sizes;
    }

    @Override
    void execute() throws IOException {
        List<String> names = new ArrayList<>(List.of("train"));
        if (validation != null) {
            names.add("validation");
        }
        if (test != null) {
            names.add("test");
        }
        requireFiles();
        boolean made = makeFolder();
        List<FileDraft> parts = new ArrayList<>();
        try {
            names.forEach(name -> parts.add(output(file(name)).begin()));
            DataSplitter splitter = new DataSplitter(stratify);
            DataRecords.Skipped skipped = DataRecords.read(data.files(), data.reading(skipBadLines), splitter::see);
            int[] partOf = splitter.split(sizes(), seed);
            int[] counts = write(partOf, parts);
            parts.forEach(FileDraft::finish);
            place(parts);
            made = false;
            tell(names, counts, skipped);
        } finally {
            parts.forEach(FileDraft::close);
            if (made) {
                Files.deleteIfExists(out);
            }
        }
    }

    /** The data are read once to see what they are and once to write them. */
    private void requireFiles() {
        for (Path file : data.files()) {
            if (Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file)) {
                throw new BadInputException(
                        file + ": split reads its data twice, expected a file, found a pipe; write it to a file first");
            }
        }
    }

    private Path file(String part) {
        return out.resolve(part + (gzip ? ".jsonl.gz" : ".jsonl"));
    }

    @Override
    List<Path> alsoWritten() {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(out)) {
            List.of("train", "validation", "test").forEach(part -> files.add(file(part)));
            files.removeIf(file ->
                    validation == null && file.equals(file("validation")) || test == null && file.equals(file("test")));
        }
        return files;
    }

    /** All parts, or none where one cannot be placed. */
    private static void place(List<FileDraft> parts) {
        boolean all = false;
        try {
            parts.forEach(FileDraft::place);
            all = true;
        } finally {
            if (!all) {
                parts.forEach(FileDraft::takeBack);
            }
        }
    }

    /** Returns whether the folder was made anew. */
    private boolean makeFolder() {
        if (Files.isDirectory(out)) {
            return false;
        }
        try {
            Files.createDirectories(out);
            return true;
        } catch (IOException e) {
            throw FileFault.notWritten(out, e);
        }
    }

    private int[] write(int[] partOf, List<FileDraft> parts) {
        int[] counts = new int[parts.size()];
        int[] record = {0};
        DataRecords.read(data.files(), data.reading(skipBadLines), entry -> {
            if (record[0] == partOf.length) {
                throw new BadInputException(
                        entry.source() + ": expected the data of the first reading, found more; leave them alone");
            }
            int part = partOf[record[0]++];
            counts[part] += entry.examples().size();
            parts.get(part).line(JsonLines.line(entry.fields()));
        });
        return counts;
    }

    private void tell(List<String> names, int[] counts, DataRecords.Skipped skipped) {
        Map<String, Object> fields = new LinkedHashMap<>();
        Map<String, Object> byPart = new LinkedHashMap<>();
        for (int i = 0; i < counts.length; i++) {
            byPart.put(names.get(i), counts[i]);
        }
        fields.put("out", out.toString());
        fields.put("examples", byPart);
        fields.put("skipped_lines", skipped.lines());
        skipped.reasons().forEach(reason -> console().note("left out " + reason));
        result(
                fields,
                () -> byPart.forEach((name, count) ->
                        console().print(file(name) + ": " + Words.count(((Number) count).longValue(), "example"))));
    }
}
