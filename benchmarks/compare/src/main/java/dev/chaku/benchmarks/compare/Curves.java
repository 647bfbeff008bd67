package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Compares Chaku's steps with PyTorch's from the same beginning: not how fast, but whether they are the same. */
@Command(
        name = "benchmarks/run curves",
        sortOptions = false,
        description = "Trains with Chaku and PyTorch from the same A and B and compares loss and gradient norm step by step.")
final class Curves implements Callable<Integer> {
    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Curves()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        int failed = run.write("curves", false, report -> {
            new TrainingComparison(run.settings(List.of("float32"), 1), report).curves();
            return report.failed();
        });
        return failed > 0 ? 1 : 0;
    }
}
