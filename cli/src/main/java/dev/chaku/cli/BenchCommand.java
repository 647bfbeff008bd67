package dev.chaku.cli;

import dev.chaku.DeviceInfo;
import dev.chaku.Model;
import dev.chaku.Shape;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.WeightFormat;
import dev.chaku.data.EncodedExample;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code chaku bench}: how fast this machine generates and trains. */
@Command(
        name = "bench",
        description =
                "Measures prefill, decode and LoRA training, on a model or on a well-known shape with random weights.",
        footer = {
            "",
            "Examples:",
            "  chaku bench --model base.gguf",
            "  chaku bench --shape llama-3.2-1b --format q4_k_m --prompt-tokens 512 --gen-tokens 64",
            "  chaku bench --shape smollm2-135m --format q8_0 --train-tokens 512 --json",
            "  chaku bench --shape llama-3.2-1b --prompt-tokens 32 --train-tokens 0 --concurrency 1,8,32 --adapters 8",
            "  chaku bench --shape llama-3.2-1b --train-tokens 0 --gen-tokens 256 --lookup",
            "  chaku bench --model base.gguf --append results.jsonl --commit $(git rev-parse --short HEAD)"
        })
final class BenchCommand extends Verb {
    private static final int ROUNDS = 3;

    /** What is measured. */
    static final class Subject {
        @Reads
        @Option(names = "--model", required = true, paramLabel = "FILE", description = "A GGUF file.")
        private Path model;

        @Option(
                names = "--shape",
                required = true,
                paramLabel = "NAME",
                description =
                        "smollm2-135m, qwen2.5-0.5b, qwen3-0.6b or llama-3.2-1b, with random weights made in memory.")
        private Shape shape;
    }

    @ArgGroup(multiplicity = "1")
    private Subject subject;

    @Option(
            names = "--format",
            defaultValue = "q4_k_m",
            paramLabel = "NAME",
            description = "Of a shape's weights: q4_k_m, q4_0, q8_0, f16 and others (${DEFAULT-VALUE}).")
    private WeightFormat format;

    @Option(
            names = "--prompt-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "Tokens of the prompt, 0 for no generation (${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(
            names = "--gen-tokens",
            defaultValue = "64",
            paramLabel = "N",
            description = "Tokens generated (${DEFAULT-VALUE}).")
    private int genTokens;

    @Option(
            names = "--train-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "Tokens of a training step, 0 for no training (${DEFAULT-VALUE}).")
    private int trainTokens;

    @Option(
            names = "--rank",
            defaultValue = "16",
            paramLabel = "R",
            description = "LoRA rank in training (${DEFAULT-VALUE}).")
    private int rank;

    @Option(
            names = "--concurrency",
            split = ",",
            paramLabel = "N",
            description =
                    "Also measure so many texts at once, each of --prompt-tokens and --gen-tokens: 1,8,32 for three measures.")
    private List<Integer> concurrency = List.of();

    @Option(
            names = "--adapters",
            defaultValue = "0",
            paramLabel = "N",
            description =
                    "With --concurrency: the texts wear N adapters of random values, of --rank, in turn (${DEFAULT-VALUE}).")
    private int adapters;

    @Mixin
    private DraftOptions drafts;

    @Writes(Writes.Kind.ADDED_TO)
    @Option(
            names = "--append",
            paramLabel = "FILE",
            description = "Also add the result to a file, as one line of JSON with the machine's description.")
    private Path append;

    @Option(names = "--commit", paramLabel = "ID", description = "What was measured, for the record.")
    private String commit;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private PrecisionOptions precision;

    @Override
    void validate() {
        requireAtLeast(0, "--prompt-tokens", promptTokens);
        requireAtLeast(0, "--gen-tokens", genTokens);
        requireAtLeast(0, "--train-tokens", trainTokens);
        if (trainTokens == 1) {
            throw usage("--train-tokens: expected 0 for none or at least 2, found 1");
        }
        refuseBeside("--model", "--format");
        for (String option : List.of("--gen-tokens", "--kv-cache", "--activations")) {
            if (promptTokens == 0 && given(option)) {
                throw usage(option + " has no effect with --prompt-tokens 0: nothing is generated");
            }
        }
        if (trainTokens == 0 && given("--rank") && !given("--adapters")) {
            throw usage("--rank has no effect with --train-tokens 0: nothing is trained");
        }
        if (promptTokens == 0 && trainTokens == 0) {
            throw usage("expected --prompt-tokens or --train-tokens above 0, found nothing to measure");
        }
        if (given("--commit") && !given("--append") && !json()) {
            throw usage("--commit has no effect without --append or --json: give one of them, too");
        }
        concurrency.forEach(n -> requireAtLeast(1, "--concurrency", n));
        requireAtLeast(0, "--adapters", adapters);
        requireBeside("--concurrency", "--adapters");
        if (given("--concurrency") && (promptTokens == 0 || genTokens < 2)) {
            throw usage("--concurrency: expected --prompt-tokens above 0 and --gen-tokens above 1");
        }
        drafts.check(this);
        if (drafts.areAsked() && (promptTokens == 0 || genTokens < 2)) {
            throw usage("--lookup and --draft: expected --prompt-tokens above 0 and --gen-tokens above 1");
        }
        LoraConfig.rank(rank);
    }

    @Override
    void execute() throws IOException {
        try (Model model = open()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("model", subject.model != null ? subject.model.toString() : subject.shape.label());
            fields.put("format", subject.model != null ? "" : format.label());
            fields.put("parameters", model.parameterCount());
            fields.put("weight_bytes", model.weightBytes());
            if (promptTokens > 0) {
                inference(model, fields);
            }
            if (!concurrency.isEmpty()) {
                fields.put("adapters", adapters);
                LoadBench load = new LoadBench(model, promptTokens, genTokens, adapters, rank);
                fields.put("concurrency", load.measure(concurrency, console()));
            }
            if (drafts.areAsked()) {
                try (Model draft = drafts.open(precision.apply(engine.modelOptions()))) {
                    DraftBench bench = new DraftBench(model, draft, drafts);
                    fields.put("drafts", bench.measure(promptTokens, genTokens, console()));
                }
            }
            if (trainTokens > 0) {
                training(model, fields);
            }
            fields.put("peak_bytes", DeviceInfo.processPeakBytes());
            if (commit != null) {
                fields.put("commit", commit);
            }
            fields.put("machine", Machine.describe(model.device()));
            if (append != null) {
                ResultLines.append(append, fields);
            }
            result(fields, () -> print(fields));
        }
    }

    private Model open() {
        if (subject.model != null) {
            return Model.open(subject.model, precision.apply(engine.modelOptions()));
        }
        console().note("making " + subject.shape.label() + " in " + format.label() + " ...");
        return Model.synthetic(subject.shape, format, 1, precision.apply(engine.modelOptions()));
    }

    private void inference(Model model, Map<String, Object> fields) {
        int room = model.contextLength() - promptTokens;
        if (room < 1) {
            throw new ParameterException(
                    line(),
                    "expected --prompt-tokens below the model's context of " + model.contextLength() + " tokens, got "
                            + promptTokens);
        }
        if (room < genTokens) {
            fields.put(
                    "note",
                    String.format(
                            Locale.ROOT,
                            "the context of %,d tokens has room for %,d tokens after a prompt of %,d, not for --gen-tokens %,d",
                            model.contextLength(),
                            room,
                            promptTokens,
                            genTokens));
        }
        Random random = new Random(1);
        List<Double> prefill = new ArrayList<>();
        List<Double> decode = new ArrayList<>();
        for (int round = 0; round <= ROUNDS; round++) {
            // Another prompt each round: what two have in common would not be computed again.
            int[] prompt = random.ints(promptTokens, 0, model.vocabSize()).toArray();
            Generation generation = model.generator()
                    .tokens(prompt)
                    .maxTokens(genTokens)
                    .sampling(SamplingOptions.greedy())
                    .endless(true)
                    .generate();
            console().note("generation " + round + " of " + ROUNDS + (round == 0 ? " (warm-up)" : ""));
            if (round > 0) {
                prefill.add(generation.prefillTokensPerSecond());
                decode.add(generation.decodeTokensPerSecond());
            }
        }
        fields.put("prefill_tokens_per_s", median(prefill));
        fields.put("decode_tokens_per_s", median(decode));
    }

    private void training(Model model, Map<String, Object> fields) throws IOException {
        Random random = new Random(2);
        int[] tokens = random.ints(trainTokens, 0, model.vocabSize()).toArray();
        float[] weights = new float[trainTokens];
        Arrays.fill(weights, 0, trainTokens - 1, 1);
        TrainingConfig config =
                TrainingConfig.defaults().with(c -> c.maxLength(trainTokens).epochs(ROUNDS + 1));
        Path folder = Files.createTempDirectory("chaku-bench");
        try {
            List<TrainingProgress> steps = new ArrayList<>();
            Trainer trainer = Trainer.on(model)
                    .lora(LoraConfig.rank(rank))
                    .config(config)
                    .examples(List.of(new EncodedExample(tokens, weights)))
                    .output(folder);
            try (TrainingRun run = trainer.start()) {
                run.onProgress(p -> {
                    steps.add(p);
                    console().note("training step " + p.step() + " of " + p.totalSteps());
                });
                run.awaitFile();
            }
            fields.put("train_tokens_per_s", median(speeds(steps)));
        } finally {
            delete(folder);
        }
    }

    /** Tokens per second of every step but the first that was seen. */
    private List<Double> speeds(List<TrainingProgress> steps) {
        List<Double> speeds = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            double seconds = (steps.get(i).elapsed().toNanos()
                            - steps.get(i - 1).elapsed().toNanos())
                    / 1e9;
            speeds.add(trainTokens / seconds);
        }
        return speeds;
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void print(Map<String, Object> fields) {
        console().print(fields.get("model") + " " + fields.get("format"));
        Map<?, ?> machine = (Map<?, ?>) fields.get("machine");
        console()
                .print(String.format(
                        "%-20s %s, %s threads, %s",
                        "machine", machine.get("cpu"), machine.get("threads"), machine.get("cpu_path")));
        line(fields, "prefill_tokens_per_s", "prefill " + promptTokens);
        line(fields, "decode_tokens_per_s", "decode " + genTokens);
        if (fields.get("note") != null) {
            console().note(fields.get("note").toString());
        }
        if (fields.get("concurrency") instanceof List<?> measures) {
            measures.forEach(one -> console().print(LoadBench.line((Map<?, ?>) one)));
        }
        if (fields.get("drafts") instanceof Map<?, ?> measured) {
            console().print(DraftBench.line(measured));
        }
        line(fields, "train_tokens_per_s", "LoRA training " + trainTokens);
        console().print(String.format("%-20s %s", "peak memory", ProgressLine.bytes((Long) fields.get("peak_bytes"))));
    }

    private void line(Map<String, Object> fields, String key, String label) {
        if (fields.get(key) instanceof Double speed) {
            console().print(String.format(Locale.ROOT, "%-20s %.1f tokens/s", label, speed));
        }
    }
}
