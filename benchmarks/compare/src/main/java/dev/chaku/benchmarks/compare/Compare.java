package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs Chaku and other engines on the same shapes in turn, and writes how they compare. */
@Command(
        name = "benchmarks/run compare",
        sortOptions = false,
        description =
                "Runs Chaku, llama.cpp (java-llama.cpp) and PyTorch on the same weights in turn, and prints ratios.")
final class Compare implements Callable<Integer> {
    /** Tokens beyond which a step of PyTorch takes long enough to be sparing with. */
    private static final int LONG_STEP = 1024;

    @Option(names = "--quick", description = "Fewer shapes, one format, two rounds: does it work at all?")
    private boolean quick;

    @Option(
            names = "--full",
            description = "Steps of more than 1024 tokens as thoroughly as others: all rounds, formats and bases.")
    private boolean full;

    @Option(names = "--only", paramLabel = "PART", description = "inference or training; both unless given.")
    private String only;

    @Option(
            names = "--shapes",
            split = ",",
            paramLabel = "NAME",
            description = "Of inference (default: ${DEFAULT-VALUE}).",
            defaultValue = "smollm2-135m,qwen2.5-0.5b,llama-3.2-1b")
    private List<String> shapes;

    @Option(
            names = "--formats",
            split = ",",
            paramLabel = "NAME",
            description = "Of inference (default: ${DEFAULT-VALUE}).",
            defaultValue = "q4_k_m,q4_0,q8_0")
    private List<String> formats;

    @Option(
            names = "--cpu",
            split = ",",
            paramLabel = "PATH",
            description = "Chaku's instruction sets; training uses the first (default: ${DEFAULT-VALUE}).",
            defaultValue = "cpu,avx2")
    private List<String> devices;

    @Option(
            names = "--train-shapes",
            split = ",",
            paramLabel = "NAME",
            description = "Of training (default: ${DEFAULT-VALUE}).",
            defaultValue = "smollm2-135m,qwen2.5-0.5b")
    private List<String> trainShapes;

    @Option(
            names = "--train-tokens",
            split = ",",
            paramLabel = "N",
            description = "Of a step (default: ${DEFAULT-VALUE}).",
            defaultValue = "512,2048")
    private List<Integer> trainTokens;

    @Option(
            names = "--train-formats",
            split = ",",
            paramLabel = "NAME",
            description = "Of Chaku's weights in training (default: ${DEFAULT-VALUE}).",
            defaultValue = "q4_k_m,bf16")
    private List<String> trainFormats;

    @Option(
            names = "--train-bases",
            split = ",",
            paramLabel = "TYPE",
            description = "Of PyTorch's weights: bf16, f32 (default: ${DEFAULT-VALUE}).",
            defaultValue = "bf16,f32")
    private List<String> trainBases;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "${DEFAULT-VALUE} unless given.")
    private int promptTokens;

    @Option(
            names = "--gen-tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "${DEFAULT-VALUE} unless given.")
    private int genTokens;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "After a short one to warm up (default: 3, or 2 with --quick).")
    private Integer rounds;

    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Compare()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (quick) {
            shapes = List.of("smollm2-135m");
            formats = List.of("q4_k_m");
            trainShapes = List.of("smollm2-135m");
            trainTokens = List.of(512);
            trainBases = List.of("bf16");
        }
        rounds = rounds != null ? rounds : quick ? 2 : 3;
        int failed = run.write("compare", quick, report -> {
            if (!"training".equals(only)) {
                inference(report);
            }
            if (!"inference".equals(only)) {
                training(report);
            }
            return report.failed();
        });
        if (failed > 0) {
            System.err.println(
                    failed + " checks or cases failed: speeds of programs that compute different things do not count");
            return 1;
        }
        return 0;
    }

    private void inference(Report report) throws IOException {
        Settings settings = run.settings(devices, rounds);
        InferenceComparison inference = new InferenceComparison(settings, report, promptTokens, genTokens);
        for (String shape : shapes) {
            for (String format : formats) {
                try {
                    inference.run(PeerShape.parse(shape), format);
                } catch (IOException e) {
                    report.failure("inference", PeerShape.parse(shape), format, e);
                }
            }
        }
    }

    private void training(Report report) throws IOException {
        Settings once = run.settings(devices.subList(0, 1), 1);
        new TrainingComparison(once, report).curves();
        for (String shape : trainShapes) {
            for (int tokens : trainTokens) {
                boolean shorter = tokens > LONG_STEP && !full;
                Settings settings = run.settings(once.devices(), shorter ? Math.min(rounds, 2) : rounds);
                try {
                    List<String> formats = shorter ? trainFormats.subList(0, 1) : trainFormats;
                    List<String> bases = shorter ? trainBases.subList(0, 1) : trainBases;
                    new TrainingComparison(settings, report).run(PeerShape.parse(shape), tokens, formats, bases);
                } catch (IOException e) {
                    report.failure("training", PeerShape.parse(shape), tokens, e);
                }
            }
        }
    }
}
