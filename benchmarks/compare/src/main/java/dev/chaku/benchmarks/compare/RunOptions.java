package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import picocli.CommandLine.Option;

/** What every comparison is asked for in the same way, and its file of results. */
final class RunOptions {
    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of every program; 0, the default: one per core.")
    private int threads;

    @Option(
            names = "--models",
            paramLabel = "DIR",
            defaultValue = "benchmarks/target/models",
            description = "Where random models are kept (default: ${DEFAULT-VALUE}).")
    private Path models;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Replaced by the results (default: a file in benchmarks/results, or in benchmarks/target with"
                    + " --quick).")
    private Path out;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused")
    private boolean help;

    @Option(
            names = "--commit",
            paramLabel = "ID",
            defaultValue = "unknown",
            description = "What is measured, for the record.")
    private String commit;

    /** {@return what a comparison of Chaku on these devices runs} */
    Settings settings(List<String> devices, int rounds) {
        int used = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        return new Settings(devices, used, rounds, models, models.resolveSibling("logs"));
    }

    /** Measures and tells what it found; returns how much of it is not as it should be. */
    interface Measurement {
        int run(Report report) throws IOException;
    }

    /** Measures; the results take their place when all of them are there. Returns what the measurement does. */
    int write(String name, boolean quick, Measurement measurement) throws IOException {
        Path target = out != null
                ? out
                : Path.of(
                        quick ? "benchmarks/target/" + name + "-quick.jsonl" : "benchmarks/results/" + name + ".jsonl");
        Path partial = target.resolveSibling(target.getFileName() + ".part");
        Files.deleteIfExists(partial);
        int bad = measurement.run(new Report(partial, System.out, commit));
        Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
        System.out.println("written to " + target);
        return bad;
    }
}
