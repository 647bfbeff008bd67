package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Prefill and decode of one shape in one format: Chaku on each path and llama.cpp, round after round in turn. */
final class InferenceComparison {
    /** In logits: llama.cpp rounds activations to 8 bits, which moves logits of deviation 1 about that far. */
    private static final double MOST_BEHIND = 0.25;

    /** Enough to bring the weights into memory and to compile what is compiled. */
    private static final int WARM_UP_PROMPT = 64;

    private static final int WARM_UP_WORDS = 8;
    private static final int CHECKED_PROMPT = 32;
    private static final int CHECKED_WORDS = 16;
    private static final String PREFILL = "prefill_tokens_per_s";
    private static final String DECODE = "decode_tokens_per_s";

    /** A program and what it has shown so far. */
    private record Entrant(String label, Worker worker, Samples prefill, Samples decode, Map<String, Object> last) {
        Entrant(String label, Worker worker) {
            this(label, worker, new Samples(), new Samples(), new LinkedHashMap<>());
        }
    }

    private final Settings settings;
    private final Report report;
    private final int promptTokens;
    private final int genTokens;

    InferenceComparison(Settings settings, Report report, int promptTokens, int genTokens) {
        this.settings = settings;
        this.report = report;
        this.promptTokens = promptTokens;
        this.genTokens = genTokens;
    }

    void run(PeerShape shape, String format) throws IOException {
        Path file = ModelFile.in(settings.models(), shape, format);
        List<Entrant> entrants = new ArrayList<>();
        try {
            Entrant peer = new Entrant("java-llama.cpp", llama(file));
            entrants.add(peer);
            for (String device : settings.devices()) {
                entrants.add(new Entrant("chaku " + device, ChakuWorkers.inference(settings, file, device)));
            }
            for (Entrant entrant : entrants) {
                report.program(entrant.label(), entrant.worker().greeting());
            }
            check(shape, format, peer, entrants.get(1));
            for (Entrant entrant : entrants) {
                entrant.worker()
                        .ask(Map.of("prompt", PlainVocabulary.text(WARM_UP_PROMPT, 0), "generate", WARM_UP_WORDS));
            }
            for (int round = 1; round <= settings.rounds(); round++) {
                for (Entrant entrant : entrants) {
                    measure(entrant, round);
                }
            }
            tell(shape, format, peer, entrants);
        } finally {
            for (Entrant entrant : entrants) {
                entrant.worker().close();
            }
        }
    }

    private Worker llama(Path file) throws IOException {
        String context = Integer.toString(promptTokens + genTokens + 64);
        return Worker.start(
                LlamaCppInference.class,
                settings.logs().resolve("llama.log"),
                Map.of(),
                List.of(
                        file.toString(),
                        Integer.toString(settings.threads()),
                        context,
                        settings.logs().resolve("llama-engine.log").toString()));
    }

    private void measure(Entrant entrant, int round) throws IOException {
        // Another prompt each round: no program may find it in its cache.
        String prompt = PlainVocabulary.text(promptTokens, round);
        Map<String, Object> answer = entrant.worker().ask(Map.of("prompt", prompt, "generate", genTokens));
        entrant.last().putAll(answer);
        entrant.prefill().add(number(answer, PREFILL));
        entrant.decode().add(number(answer, DECODE));
    }

    /** Both must compute the same: what llama.cpp says must be as good as best to Chaku, word after word. */
    private void check(PeerShape shape, String format, Entrant peer, Entrant ours) throws IOException {
        String prompt = PlainVocabulary.text(CHECKED_PROMPT, -1);
        Object words = peer.worker()
                .ask(Map.of("prompt", prompt, "words", CHECKED_WORDS))
                .get("words");
        List<?> behind = (List<?>)
                ours.worker().ask(Map.of("prompt", prompt, "follow", words)).get("behind");
        double most = behind.stream()
                .mapToDouble(b -> ((Number) b).doubleValue())
                .max()
                .orElse(Double.NaN);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "inference_check");
        row.put("shape", shape.name());
        row.put("format", format);
        row.put("words", behind.size());
        row.put("most_behind", most);
        row.put("expected_below", MOST_BEHIND);
        row.put("ok", behind.size() == CHECKED_WORDS && most < MOST_BEHIND);
        report.check(row);
    }

    private void tell(PeerShape shape, String format, Entrant peer, List<Entrant> entrants) throws IOException {
        for (Entrant entrant : entrants) {
            Map<String, Object> row = row("inference", shape, format, entrant);
            row.put(PREFILL, entrant.prefill().fields());
            row.put(DECODE, entrant.decode().fields());
            row.put("peak_bytes", entrant.last().get("peak_bytes"));
            report.row(row);
        }
        for (Entrant entrant : entrants) {
            if (entrant != peer) {
                Map<String, Object> row = row("inference_ratio", shape, format, entrant);
                row.put("peer", peer.label());
                row.put("peer_system", peer.worker().greeting().get("system"));
                row.put("prefill", entrant.prefill().over(peer.prefill()).fields());
                row.put("decode", entrant.decode().over(peer.decode()).fields());
                report.row(row);
            }
        }
    }

    private Map<String, Object> row(String measure, PeerShape shape, String format, Entrant entrant) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", measure);
        row.put("shape", shape.name());
        row.put("format", format);
        row.put("program", entrant.label());
        row.put("system", entrant.worker().greeting().get("system"));
        row.put("prompt_tokens", promptTokens);
        row.put("gen_tokens", genTokens);
        row.put("threads", settings.threads());
        return row;
    }

    private static double number(Map<String, Object> fields, String key) {
        return ((Number) fields.get(key)).doubleValue();
    }
}
