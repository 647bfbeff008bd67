package dev.chaku.benchmarks.compare;

import dev.chaku.ActivationFormat;
import dev.chaku.Adapter;
import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Shape;
import dev.chaku.WeightFormat;
import dev.chaku.cli.LoadBench;
import dev.chaku.cli.Machine;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.generate.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What one engine does for many at once: tokens a second, waiting times, adapters, prefixes. */
@Command(
        name = "benchmarks/run serve-load",
        sortOptions = false,
        description =
                "Generates many texts at once on a 1B shape in Q4_K_M with random weights, and compares with one text:"
                        + " tokens per second, waiting times, what several adapters cost, what a kept prefix saves, what a"
                        + " long prompt costs the text beside it, what forms cost. Cases take turns within each round.")
final class ServeLoad implements Callable<Integer> {
    private static final int PROMPT = 64;
    private static final int ANSWER = 32;
    private static final int PREFIX = 1000;
    private static final int FRESH = 4; // tokens behind a prefix
    private static final int LONG_PROMPT = 2000;
    private static final int CROWD = 64;
    private static final int ADAPTERS = 8;
    private static final int RANK = 16;

    @Option(names = "--quick", description = "One round of small cases: does it work at all?")
    private boolean quick;

    /** What is measured. */
    enum Part {
        TEXTS,
        ADAPTERS,
        PREFIX,
        LONG_PROMPT,
        REPRODUCIBLE,
        FORMS
    }

    @Option(
            names = "--parts",
            split = ",",
            paramLabel = "PART",
            description = "What is measured, by default all: ${COMPLETION-CANDIDATES}.")
    private Set<Part> parts = EnumSet.allOf(Part.class);

    @Option(
            names = "--activations",
            description = "Measure the formats of activations beside each other, and nothing else.")
    private boolean activations;

    @Mixin
    private RunOptions run;

    private final Random random = new Random(7);

    public static void main(String[] args) {
        System.exit(new CommandLine(new ServeLoad()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (activations) {
            return run.write("activations", quick, this::activations);
        }
        return run.write("serve-load", quick, report -> {
            try (Model model = open(ActivationFormat.F32)) {
                describe(report, model);
                generate(model, 1, List.of(), true); // warms up
                for (Part part : parts) {
                    switch (part) {
                        case TEXTS -> texts(report, Map.of("", model));
                        case ADAPTERS -> adapters(report, model);
                        case PREFIX -> prefix(report, model);
                        case LONG_PROMPT -> longPrompt(report, model);
                        case REPRODUCIBLE -> reproducible(report, model);
                        case FORMS -> forms(report);
                    }
                }
            }
            return 0;
        });
    }

    private Shape shape() {
        return quick ? Shape.SMOLLM2_135M : Shape.LLAMA_3_2_1B;
    }

    private Model open(ActivationFormat format) {
        int threads = run.settings(List.of(), 1).threads();
        ModelOptions options = ModelOptions.defaults().withThreads(threads).withActivations(format);
        return Model.synthetic(shape(), WeightFormat.Q4_K_M, 1, options);
    }

    private void describe(Report report, Model model) throws IOException {
        report.program(
                "chaku",
                Map.of(
                        "machine",
                        Machine.describe(model.device()),
                        "system",
                        shape().label() + " in " + WeightFormat.Q4_K_M.label() + ", random weights"));
    }

    /** Tokens per second of so many texts with activations of each format, beside those of one in the same format. */
    private int activations(Report report) throws IOException {
        Map<String, Model> models = new LinkedHashMap<>();
        try {
            for (ActivationFormat format : ActivationFormat.values()) {
                Model model = open(format);
                models.put(", " + format.label(), model);
                generate(model, 1, List.of(), true); // warms up
            }
            describe(report, models.values().iterator().next());
            texts(report, models);
        } finally {
            models.values().forEach(Model::close);
        }
        return 0;
    }

    private int rounds() {
        return quick ? 1 : 2;
    }

    /** Tokens per second of so many texts, beside those of one of the same model. */
    private void texts(Report report, Map<String, Model> models) {
        int[] counts = quick ? new int[] {1, 4} : new int[] {1, 8, 32, CROWD};
        Map<String, Samples> rates = new LinkedHashMap<>();
        Map<String, List<Generation>> last = new LinkedHashMap<>();
        for (int round = 0; round < rounds(); round++) {
            for (int n : counts) {
                models.forEach((label, model) -> {
                    List<Generation> all = generate(model, n, List.of(), false);
                    rates.computeIfAbsent(texts(n) + label, key -> new Samples())
                            .add(rate(all));
                    last.put(texts(n) + label, all);
                });
            }
        }
        for (String label : models.keySet()) {
            for (int n : counts) {
                Map<String, Object> row = row(texts(n) + label);
                Samples own = rates.get(texts(n) + label);
                row.put("tokens_per_s", own.fields());
                row.put("ratio", own.over(rates.get(texts(counts[0]) + label)).fields());
                putTimes(row, last.get(texts(n) + label));
                report.row(row);
            }
        }
    }

    private static String texts(int n) {
        return n + (n == 1 ? " text" : " texts at once");
    }

    private static void putTimes(Map<String, Object> row, List<Generation> all) {
        putPercentiles(row, "first_token", all.stream().mapToLong(one -> one.times()
                .firstToken()
                .toNanos()));
        putPercentiles(
                row,
                "between_tokens",
                all.stream().flatMapToLong(one -> LongStream.of(one.times().gapsNanos())));
    }

    /** Time of a crowd whose texts wear several adapters in turn, over that of one whose texts wear the same. */
    private void adapters(Report report, Model model) {
        List<Adapter> worn = new ArrayList<>();
        try {
            IntStream.range(0, ADAPTERS).forEach(i -> worn.add(Adapter.random(model, RANK, i)));
            ratio(
                    report,
                    CROWD + " texts over " + ADAPTERS + " adapters, time of those over one",
                    () -> seconds(() -> generate(model, CROWD, worn, false)),
                    () -> seconds(() -> generate(model, CROWD, worn.subList(0, 1), false)));
        } finally {
            worn.forEach(Adapter::close);
        }
    }

    /** Time to the first token after a prefix that was never seen, over that after one which was. */
    private void prefix(Report report, Model model) {
        Samples ratios = new Samples();
        for (int round = 0; round < rounds() + 1; round++) {
            int[] prefix = tokens(model, PREFIX);
            double fresh = firstToken(model, prefix);
            double kept = firstToken(model, prefix);
            if (round > 0) { // the first warms up
                ratios.add(fresh / kept);
            }
        }
        put(report, "first token after " + PREFIX + " tokens, time of new ones over kept ones", ratios);
    }

    private double firstToken(Model model, int[] prefix) {
        int[] prompt = IntStream.concat(IntStream.of(prefix), IntStream.of(tokens(model, FRESH)))
                .toArray();
        return text(model, prompt, 1).generate().times().firstToken().toNanos();
    }

    /** Gaps between a text's tokens while a long prompt is read beside it, over those before. */
    private void longPrompt(Report report, Model model) {
        int prompt = quick ? 300 : LONG_PROMPT;
        Samples middle = new Samples();
        Samples worst = new Samples();
        Samples reading = new Samples();
        for (int round = 0; round < rounds(); round++) {
            double alone = firstToken(model, tokens(model, prompt - FRESH));
            Generator running = text(model, tokens(model, PROMPT), model.contextLength() / 2);
            long started = System.nanoTime();
            CompletableFuture<Generation> answer = CompletableFuture.supplyAsync(running::generate);
            pause(quick ? 500 : 2000);
            long begin = System.nanoTime() - started;
            double read = firstToken(model, tokens(model, prompt - FRESH));
            long end = System.nanoTime() - started;
            running.cancel();
            List<Long> before = new ArrayList<>();
            List<Long> beside = new ArrayList<>();
            Generation generation = answer.join();
            long at = generation.times().firstToken().toNanos();
            for (long gap : generation.times().gapsNanos()) {
                if (at + gap < begin) {
                    before.add(gap);
                } else if (at < end) {
                    beside.add(gap);
                }
                at += gap;
            }
            middle.add(percentile(beside, 50) / percentile(before, 50));
            worst.add(percentile(beside, 99) / percentile(before, 50));
            reading.add(read / alone);
        }
        String what = "gap beside a prompt of " + prompt + " tokens over that alone, ";
        put(report, what + "median", middle);
        put(report, what + "p99", worst);
        put(report, "first token of that prompt beside a text over that alone", reading);
    }

    /** What it costs that a text has the same tokens whatever else runs. */
    private void reproducible(Report report, Model model) {
        ratio(
                report,
                "8 reproducible texts, time of those that need not be",
                () -> seconds(() -> generate(model, 8, List.of(), true)),
                () -> seconds(() -> generate(model, 8, List.of(), false)));
    }

    /** Time of texts within a form that leaves a choice at each token, over that of texts without. */
    private void forms(Report report) throws IOException {
        Settings settings = run.settings(List.of(), 1);
        PeerShape shape = PeerShape.parse(shape().label());
        Path file = ModelFile.in(settings.models(), shape, WeightFormat.Q4_K_M.label());
        OutputForm form = OutputForm.jsonSchema("{\"type\": \"string\", \"minLength\": 300}");
        try (Model model = Model.open(file, ModelOptions.defaults().withThreads(settings.threads()))) {
            for (int n : new int[] {1, 8}) {
                formed(model, n, form); // warms up
                ratio(
                        report,
                        texts(n) + " within a form, time of a token over that without",
                        () -> 1 / rate(formed(model, n, form)),
                        () -> 1 / rate(formed(model, n, null)));
            }
        }
    }

    private List<Generation> formed(Model model, int n, @Nullable OutputForm form) {
        return together(n, i -> {
            Generator text = text(model, tokens(model, PROMPT), 2 * ANSWER).sampling(SamplingOptions.defaults());
            return form == null ? text : text.form(form);
        });
    }

    /** One measurement of a case. */
    private interface Case {
        double measure();
    }

    private void ratio(Report report, String what, Case one, Case other) {
        Samples ratios = new Samples();
        for (int round = 0; round < rounds(); round++) {
            double first = one.measure();
            ratios.add(first / other.measure());
        }
        put(report, what, ratios);
    }

    private static void put(Report report, String what, Samples ratios) {
        Map<String, Object> row = row(what);
        row.put("ratio", ratios.fields());
        report.row(row);
    }

    private static Map<String, Object> row(String what) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "serve_load");
        row.put("shape", what);
        row.put("tokens", "");
        row.put("program", "chaku");
        return row;
    }

    private List<Generation> generate(Model model, int n, List<Adapter> worn, boolean reproducible) {
        return together(n, i -> {
            Generator text = text(model, tokens(model, PROMPT), ANSWER).reproducible(reproducible);
            return worn.isEmpty() ? text : text.adapter(worn.get(i % worn.size()));
        });
    }

    private static List<Generation> together(int n, IntFunction<Generator> text) {
        List<CompletableFuture<Generation>> running = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            running.add(text.apply(i).generateAsync());
        }
        return running.stream().map(CompletableFuture::join).toList();
    }

    /** Without an end but that of its length. */
    private static Generator text(Model model, int[] prompt, int answer) {
        return model.generator()
                .tokens(prompt)
                .maxTokens(answer)
                .sampling(SamplingOptions.greedy())
                .endless(true);
    }

    /** Others each time, so that nothing is kept of them. */
    private int[] tokens(Model model, int count) {
        return random.ints(count, 0, model.vocabSize()).toArray();
    }

    /** Generated tokens per second of all texts together, prompts not counted. */
    private static double rate(List<Generation> all) {
        double tokens = 0;
        double seconds = 0;
        for (Generation one : all) {
            tokens += one.times().gapsNanos().length;
            seconds += LongStream.of(one.times().gapsNanos()).sum() / 1e9;
        }
        return tokens / seconds * all.size();
    }

    private static double seconds(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return (System.nanoTime() - begin) / 1e9;
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void putPercentiles(Map<String, Object> row, String what, LongStream nanos) {
        long[] sorted = nanos.sorted().toArray();
        for (int percent : new int[] {50, 99}) {
            row.put(what + "_p" + percent + "_ms", Samples.rounded(LoadBench.percentile(sorted, percent)));
        }
    }

    private static double percentile(List<Long> nanos, int percent) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        return LoadBench.percentile(sorted, percent);
    }
}
