package dev.chaku.benchmarks.compare;

import dev.chaku.merge.MergeMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Times the verbs that make adapters and models of adapters, each as a process of its own. */
final class AdapterComparison {
    private static final int RANK = 16;

    private final Path launcher;
    private final Settings settings;
    private final Report report;
    private final Parts parts;
    private final Path outputs;
    private final Path base;
    private final String shape;
    private final String format;

    /**
     * What is timed beside the quick verbs.
     *
     * @param products methods that compute whole products: they take a quarter of a minute for a model of 1B
     * @param base merging into the base
     */
    record Parts(boolean products, boolean base) {}

    AdapterComparison(Path launcher, Settings settings, Report report, PeerShape shape, String format, Parts parts)
            throws IOException {
        this.launcher = launcher;
        this.settings = settings;
        this.report = report;
        this.parts = parts;
        this.shape = shape.name();
        this.format = format;
        this.base = ModelFile.in(settings.models(), shape, format);
        this.outputs = Files.createDirectories(settings.models().resolve("outputs"));
    }

    Path base() {
        return base;
    }

    void run() throws IOException {
        String a = RandomAdapter.in(settings.models(), base, RANK, 1).toString();
        String b = RandomAdapter.in(settings.models(), base, RANK, 2).toString();
        String model = base.toString();
        Path peft = outputs.resolve("peft");
        time("export to PEFT", settings.rounds(), peft, "adapter", "export", a, "--format", "peft", "--model", model);
        Path imported = outputs.resolve("imported.gguf");
        time("import of PEFT", settings.rounds(), imported, "adapter", "import", peft.toString(), "--model", model);
        for (String method : MergeMethod.labels()) {
            boolean ofProduct = !method.equals("svd") && method.endsWith("_svd");
            if (!ofProduct || parts.products()) {
                Path merged = outputs.resolve(method + ".gguf");
                int rounds = ofProduct ? 1 : settings.rounds();
                time("merge " + method, rounds, merged, "adapter", "merge", a + "=0.7", b + "=0.3", "--method", method);
            }
        }
        if (!parts.base()) {
            report.note("merging into the base is left out");
        } else if (knows("--into")) {
            Path merged = outputs.resolve("merged.gguf");
            time("merge into the base", settings.rounds(), merged, "adapter", "merge", a, "--into", model);
        } else {
            report.note("merging into the base is left out: the command has no --into");
        }
        delete(outputs);
    }

    private boolean knows(String option) throws IOException {
        Path log = settings.logs().resolve("help.log");
        TimedCommand.run(launcher, log, List.of("adapter", "merge", "--help"));
        return Files.readString(log).contains(option);
    }

    /** The output stays after the last round. */
    private void time(String what, int rounds, Path output, String... arguments) throws IOException {
        Samples seconds = new Samples();
        Samples processor = new Samples();
        long peak = 0;
        Path log = settings.logs().resolve("adapters.log");
        for (int round = rounds > 1 ? 0 : 1; round <= rounds; round++) {
            delete(output);
            List<String> line = Stream.concat(Stream.of(arguments), Stream.of("--out", output.toString()))
                    .toList();
            TimedCommand ran = TimedCommand.run(launcher, log, line);
            peak = Math.max(peak, ran.peakBytes());
            if (round > 0) {
                seconds.add(ran.seconds());
                processor.add(ran.processorSeconds());
            }
        }
        long bytes = bytes(output);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "adapters");
        row.put("shape", shape);
        row.put("format", format);
        row.put("program", what);
        row.put("rank", RANK);
        row.put("seconds", seconds.fields());
        row.put("processor_seconds", processor.fields());
        row.put("output_bytes", bytes);
        row.put("output_mb_per_s", Samples.rounded(bytes / 1e6 / seconds.median()));
        row.put("peak_bytes", peak);
        report.row(row);
    }

    private static long bytes(Path output) throws IOException {
        try (Stream<Path> files = Files.walk(output)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        }
    }

    private static void delete(Path output) throws IOException {
        if (Files.exists(output)) {
            try (Stream<Path> files = Files.walk(output)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
