package dev.chaku.benchmarks.compare;

import dev.chaku.Model;
import dev.chaku.cli.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures import, export and merging of adapters, and merging them into their base. */
@Command(
        name = "benchmarks/run adapters",
        sortOptions = false,
        description = "Times import, export and merging of random adapters of rank 16 on all seven products of every"
                + " layer, and merging them into their base, each as a process of its own.")
final class Adapters implements Callable<Integer> {
    @Option(names = "--quick", description = "A small shape and one round: does it work at all?")
    private boolean quick;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "llama-3.2-1b",
            description = "Of the base (default: ${DEFAULT-VALUE}).")
    private String shape;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            defaultValue = "q4_k_m",
            description = "Of the base (default: ${DEFAULT-VALUE}).")
    private String format;

    @Option(
            names = "--no-products",
            description = "Leave out the methods that compute whole products, which take a quarter of a minute each.")
    private boolean noProducts;

    @Option(names = "--no-base", description = "Leave out merging into the base.")
    private boolean noBase;

    @Option(names = "--rounds", paramLabel = "N", description = "After one to warm up (default: 5, or 1 with --quick).")
    private Integer rounds;

    @Option(
            names = "--chaku",
            paramLabel = "FILE",
            defaultValue = "./chaku",
            description = "The launcher that is timed (default: ${DEFAULT-VALUE}).")
    private Path launcher;

    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Adapters()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PeerShape of = quick ? PeerShape.CHECK : PeerShape.parse(shape);
        rounds = rounds != null ? rounds : quick ? 1 : 5;
        Settings settings = run.settings(List.of("cpu"), rounds);
        return run.write("adapters", quick, report -> {
            AdapterComparison comparison = new AdapterComparison(
                    launcher, settings, report, of, format, new AdapterComparison.Parts(!noProducts, !noBase));
            try (Model model = Model.open(comparison.base())) {
                Map<String, Object> machine = Machine.describe(model.device());
                report.program(
                        "chaku",
                        Map.of("machine", machine, "system", model.device().toString()));
            }
            comparison.run();
            return 0;
        });
    }
}
