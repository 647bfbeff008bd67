package dev.chaku.benchmarks.jmh;

import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Shape;
import dev.chaku.WeightFormat;
import dev.chaku.cli.Machine;
import dev.chaku.cli.ResultLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the benchmarks of this module and writes their scores as JSON lines. */
@Command(
        name = "benchmarks/run jmh",
        sortOptions = false,
        description = "Times what Java does on the hot path: tokenizers, sampler, chat templates, data.")
final class Jmh implements Callable<Integer> {
    @Option(names = "--quick", description = "A fifth of the time: does it work at all?")
    private boolean quick;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description =
                    "Replaced by the results (default: benchmarks/results/jmh.jsonl, or in benchmarks/target with --quick).")
    private Path out;

    @Option(
            names = "--commit",
            paramLabel = "ID",
            defaultValue = "unknown",
            description = "What is measured, for the record.")
    private String commit;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused")
    private boolean help;

    @Parameters(paramLabel = "PART", arity = "0..*", description = "Only benchmarks whose name contains one of these.")
    private String[] parts = {};

    public static void main(String[] args) {
        System.exit(new CommandLine(new Jmh()).execute(args));
    }

    @Override
    public Integer call() throws RunnerException, IOException {
        out = out != null ? out : Path.of(quick ? "benchmarks/target/jmh-quick.jsonl" : "benchmarks/results/jmh.jsonl");
        OptionsBuilder options = new OptionsBuilder();
        for (String part : parts) {
            options.include(part);
        }
        options.forks(1)
                .jvmArgsAppend("-Xmx2g")
                .warmupIterations(quick ? 1 : 3)
                .measurementIterations(quick ? 1 : 5)
                .warmupTime(TimeValue.milliseconds(quick ? 500 : 1000))
                .measurementTime(TimeValue.milliseconds(quick ? 500 : 1000))
                .shouldFailOnError(true);
        Collection<RunResult> results = new Runner(options.build()).run();
        Path partial = out.resolveSibling(out.getFileName() + ".part");
        Files.deleteIfExists(partial);
        ResultLines.append(partial, machine());
        for (RunResult result : results) {
            ResultLines.append(partial, row(result));
        }
        Files.move(partial, out, StandardCopyOption.REPLACE_EXISTING);
        System.out.println("written to " + out);
        return 0;
    }

    private Map<String, Object> machine() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "machine");
        row.put("commit", commit);
        // The smallest model, for what the engine says of the processor.
        try (Model model = Model.synthetic(Shape.SMOLLM2_135M, WeightFormat.Q4_0, 1, ModelOptions.defaults())) {
            row.putAll(Machine.describe(model.device()));
        }
        return row;
    }

    /** A score; of benchmarks that count megabytes, the megabytes per second. */
    private static Map<String, Object> row(RunResult result) {
        String full = result.getParams().getBenchmark();
        String method = full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1);
        StringJoiner name = new StringJoiner(" ");
        name.add(method.replace("Benchmark", ""));
        result.getParams()
                .getParamsKeys()
                .forEach(key -> name.add(result.getParams().getParam(key)));
        Result<?> counted = result.getSecondaryResults().get("megabytes");
        Result<?> score = counted != null ? counted : result.getPrimaryResult();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", name.toString());
        row.put("score", score.getScore());
        row.put("error", Double.isNaN(score.getScoreError()) ? 0 : score.getScoreError());
        row.put("unit", unit(method, counted != null, score));
        return row;
    }

    private static String unit(String method, boolean counted, Result<?> score) {
        if (counted || method.startsWith("Tokenizer")) {
            return "MB/s";
        }
        return method.startsWith("ChatTemplate") ? "conversations/s" : score.getScoreUnit();
    }
}
