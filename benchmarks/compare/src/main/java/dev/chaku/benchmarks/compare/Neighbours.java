package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures what is kept of the speed of prefill, decode and training beside processes that want the cores too. */
@Command(
        name = "benchmarks/run neighbours",
        sortOptions = false,
        description =
                "Measures prefill, decode and training beside 0, 1 and 2 busy processes in turn. The loss is to stay"
                        + " within 1.25 of the share of the cores that is gone.")
final class Neighbours implements Callable<Integer> {
    @Option(names = "--quick", description = "A small shape and few rounds: does it work at all?")
    private boolean quick;

    @Option(
            names = "--busy",
            split = ",",
            paramLabel = "N",
            defaultValue = "0,1,2",
            description = "Numbers of busy processes, 0 first (default: ${DEFAULT-VALUE}).")
    private List<Integer> busy;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "qwen2.5-0.5b",
            description = "Of prefill and decode (default: ${DEFAULT-VALUE}).")
    private String shape;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            defaultValue = "q4_0",
            description = "Of the weights (default: ${DEFAULT-VALUE}).")
    private String format;

    @Option(
            names = "--train-shape",
            paramLabel = "NAME",
            defaultValue = "smollm2-135m",
            description = "Of training (default: ${DEFAULT-VALUE}).")
    private String trainShape;

    @Option(
            names = "--train-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Of a step (default: ${DEFAULT-VALUE}).")
    private int trainTokens;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "${DEFAULT-VALUE} unless given.")
    private int promptTokens;

    @Option(
            names = "--gen-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "${DEFAULT-VALUE} unless given.")
    private int genTokens;

    @Option(names = "--rounds", paramLabel = "N", description = "After one to warm up (default: 5, or 2 with --quick).")
    private Integer rounds;

    @Option(
            names = "--cpu",
            paramLabel = "PATH",
            defaultValue = "cpu",
            description = "Chaku's instruction set (default: ${DEFAULT-VALUE}).")
    private String device;

    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Neighbours()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (quick) {
            shape = PeerShape.CHECK.name();
            trainShape = PeerShape.CHECK.name();
            promptTokens = Math.min(promptTokens, 64);
            genTokens = Math.min(genTokens, 16);
            trainTokens = Math.min(trainTokens, 64);
        }
        rounds = rounds != null ? rounds : quick ? 2 : 5;
        Settings settings = run.settings(List.of(device), rounds);
        int missed = run.write("neighbours", quick, report -> {
            int cores = Runtime.getRuntime().availableProcessors();
            NeighbourComparison comparison = new NeighbourComparison(settings, report, busy, cores);
            comparison.inference(PeerShape.parse(shape), format, promptTokens, genTokens);
            comparison.training(PeerShape.parse(trainShape), format, trainTokens);
            return comparison.missed();
        });
        if (missed > 0) {
            System.err.println(missed + " figures lose more than 1.25 of the share of the cores that is gone");
        }
        // A small shape's figures are noise.
        return missed > 0 && !quick ? 1 : 0;
    }
}
