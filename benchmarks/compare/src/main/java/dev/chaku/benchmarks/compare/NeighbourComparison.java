package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prefill, decode and training beside busy neighbours: in every round each number of neighbours in turn, so that other
 * work on the machine falls on all of them alike.
 */
final class NeighbourComparison {
    private static final int SHORT_PROMPT = 8;

    /** One for each prompt: no two begin alike, and none finds a token of another in the cache. */

    /** What is measured: a request's speed. */
    @FunctionalInterface
    private interface Request {
        double tokensPerSecond(int seed) throws IOException;
    }

    /** Beside one number of neighbours, round by round. */
    private record Found(CoreShare share, Samples speed, Samples taken) {
        Found(CoreShare share) {
            this(share, new Samples(), new Samples());
        }
    }

    private final Settings settings;
    private final Report report;
    private final List<Integer> neighbours;
    private final int cores;
    private int seed;
    private int missed;

    /** @param neighbours numbers of busy processes, 0 first */
    NeighbourComparison(Settings settings, Report report, List<Integer> neighbours, int cores) {
        if (neighbours.isEmpty() || neighbours.get(0) != 0) {
            throw new IllegalArgumentException("expected 0 as the first number of neighbours, found " + neighbours);
        }
        this.settings = settings;
        this.report = report;
        this.neighbours = List.copyOf(neighbours);
        this.cores = cores;
    }

    /** How many figures were below what is to be kept. */
    int missed() {
        return missed;
    }

    void inference(PeerShape shape, String format, int promptTokens, int genTokens) throws IOException {
        String device = settings.devices().get(0);
        try (Worker chaku = ChakuWorkers.inference(settings, ModelFile.in(settings.models(), shape, format), device)) {
            report.program("chaku " + device, chaku.greeting());
            // The speed of each comes from a request that is made of little else.
            run("prefill", shape, format, seed -> asked(chaku, promptTokens, 2, seed, "prefill_tokens_per_s"));
            run("decode", shape, format, seed -> asked(chaku, SHORT_PROMPT, genTokens, seed, "decode_tokens_per_s"));
        }
    }

    void training(PeerShape shape, String format, int tokens) throws IOException {
        String device = settings.devices().get(0);
        try (Worker chaku = ChakuWorkers.training(settings, shape, tokens, format, device, "lora")) {
            report.program("chaku " + device, chaku.greeting());
            run("training", shape, format, seed -> tokens / number(chaku.ask(Map.of()), "seconds"));
        }
    }

    private static double asked(Worker chaku, int prompt, int generate, int seed, String speed) throws IOException {
        String text = PlainVocabulary.text(prompt, seed);
        return number(chaku.ask(Map.of("prompt", text, "generate", generate)), speed);
    }

    private void run(String phase, PeerShape shape, String format, Request request) throws IOException {
        request.tokensPerSecond(++seed);
        List<Found> all = new ArrayList<>();
        for (int busy : neighbours) {
            all.add(new Found(new CoreShare(cores, settings.threads(), busy)));
        }
        for (int round = 0; round < settings.rounds(); round++) {
            for (Found found : all) {
                measure(found, request);
            }
        }
        for (Found found : all) {
            tell(phase, shape, format, found, all.get(0));
        }
    }

    private void measure(Found found, Request request) throws IOException {
        List<Worker> busy = new ArrayList<>();
        try {
            for (int i = 0; i < found.share().busy(); i++) {
                busy.add(Worker.start(
                        BusyNeighbour.class, settings.logs().resolve("busy-" + i + ".log"), Map.of(), List.of()));
            }
            double before = processorSeconds(busy);
            long start = System.nanoTime();
            found.speed().add(request.tokensPerSecond(++seed));
            double seconds = (System.nanoTime() - start) / 1e9;
            found.taken().add(CoreShare.taken(processorSeconds(busy) - before, seconds, cores));
        } finally {
            busy.forEach(Worker::close);
        }
    }

    private static double processorSeconds(List<Worker> workers) {
        return workers.stream()
                        .map(Worker::processorTime)
                        .mapToLong(Duration::toNanos)
                        .sum()
                / 1e9;
    }

    private void tell(String phase, PeerShape shape, String format, Found found, Found alone) {
        CoreShare share = found.share();
        Samples kept = found.speed().over(alone.speed());
        boolean ok = share.isKept(kept.median());
        missed += ok ? 0 : 1;
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "neighbours");
        row.put("phase", phase);
        row.put("shape", shape.name());
        row.put("format", format);
        row.put("program", phase + ", " + share.busy() + " busy");
        row.put("busy", share.busy());
        row.put("cores", share.cores());
        row.put("threads", share.threads());
        row.put("tokens_per_s", found.speed().fields());
        row.put("kept", kept.fields());
        row.put("cores_left", Samples.rounded(share.left()));
        row.put("least_kept", Samples.rounded(share.leastKept()));
        row.put("taken", found.taken().fields());
        row.put("ok", ok);
        report.row(row);
    }

    private static double number(Map<String, Object> fields, String key) {
        return ((Number) fields.get(key)).doubleValue();
    }
}
