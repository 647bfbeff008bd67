package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/** How fast texts are generated beside each other. */
public final class LoadBench {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS = 1e9;

    private final Model model;
    private final int promptTokens;
    private final int genTokens;
    private final int adapters;
    private final int rank;
    private final Random random = new Random(3);

    LoadBench(Model model, int promptTokens, int genTokens, int adapters, int rank) {
        this.model = model;
        this.promptTokens = promptTokens;
        this.genTokens = genTokens;
        this.adapters = adapters;
        this.rank = rank;
    }

    /** Measures each number of texts at once, after a warm-up. */
    List<Map<String, Object>> measure(List<Integer> atOnce, Console console) {
        List<Adapter> worn = new ArrayList<>();
        for (int i = 0; i < adapters; i++) {
            worn.add(Adapter.random(model, rank, i));
        }
        List<Map<String, Object>> measures = new ArrayList<>();
        try {
            generate(1, worn);
            for (int n : atOnce) {
                console.note("generation of " + n + (n == 1 ? " text" : " texts at once"));
                long start = System.nanoTime();
                List<Generation> all = generate(n, worn);
                measures.add(fields(n, all, System.nanoTime() - start));
            }
            return measures;
        } finally {
            worn.forEach(Adapter::close);
        }
    }

    private List<Generation> generate(int n, List<Adapter> worn) {
        List<CompletableFuture<Generation>> running = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            // Prompts differ: what two have in common would be computed once.
            Generator generator = model.generator()
                    .tokens(random.ints(promptTokens, 0, model.vocabSize()).toArray())
                    .maxTokens(genTokens)
                    .sampling(SamplingOptions.defaults().withSeed(i))
                    .endless(true);
            if (!worn.isEmpty()) {
                generator.adapter(worn.get(i % worn.size()));
            }
            running.add(generator.generateAsync());
        }
        return running.stream().map(CompletableFuture::join).toList();
    }

    /**
     * Seconds are those of all; tokens per second those that were generated, from when the first text had its first.
     */
    private static Map<String, Object> fields(int n, List<Generation> all, long nanos) {
        long[] first = all.stream()
                .mapToLong(one -> one.times().firstToken().toNanos())
                .sorted()
                .toArray();
        long[] gaps = all.stream()
                .flatMapToLong(one -> LongStream.of(one.times().gapsNanos()))
                .sorted()
                .toArray();
        long tokens = all.stream().mapToLong(one -> one.tokens().length - 1).sum();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("n", n);
        fields.put("seconds", nanos / NANOS);
        fields.put("tokens_per_s", tokens * NANOS / Math.max(1, nanos - first[0]));
        fields.put("ttft_p50_ms", percentile(first, 50));
        fields.put("ttft_p99_ms", percentile(first, 99));
        fields.put("itl_p50_ms", percentile(gaps, 50));
        fields.put("itl_p99_ms", percentile(gaps, 99));
        return fields;
    }

    /** Of sorted nanoseconds, in milliseconds; 0 of none. */
    public static double percentile(long[] sorted, int percent) {
        if (sorted.length == 0) {
            return 0;
        }
        int index = (int) Math.ceil(percent / 100.0 * sorted.length) - 1;
        return sorted[Math.max(0, index)] / NANOS_PER_MILLI;
    }

    static String line(Map<?, ?> fields) {
        return String.format(
                Locale.ROOT,
                "%-20s %.1f s, %.1f tokens/s, first token %.0f ms (p99 %.0f), between tokens %.1f ms (p99 %.1f)",
                fields.get("n") + " at once",
                fields.get("seconds"),
                fields.get("tokens_per_s"),
                fields.get("ttft_p50_ms"),
                fields.get("ttft_p99_ms"),
                fields.get("itl_p50_ms"),
                fields.get("itl_p99_ms"));
    }
}
