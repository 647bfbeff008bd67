package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A LoRA step of one shape and length: Chaku on quantized and on BF16 weights, and PyTorch, round after round in turn.
 */
final class TrainingComparison {
    /**
     * Beyond, scores and their gradients take more memory and time than PyTorch's kernel in every case that was tried.
     */
    private static final int MOST_EAGER_TOKENS = 1024;

    /** Steps of a curve, and how far loss and gradient norm may be apart by rounding alone, relative to the peer's. */
    private static final int CURVE_STEPS = 50;

    private static final int EXACT_STEPS = 10;
    private static final double MOST_DIFFERENCE = 1e-3;
    /** On float32 operands, of the first steps. */
    private static final double MOST_EXACT_DIFFERENCE = 1e-5;

    private static final int CURVE_TOKENS = 128;

    private static final List<Path> FASTER_MALLOCS =
            List.of(Path.of("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"), Path.of("/usr/lib64/libjemalloc.so.2"));

    /** A program and what it has shown so far. */
    private record Entrant(String label, String base, Worker worker, Samples speed, List<Map<String, Object>> steps) {
        Entrant(String label, String base, Worker worker) {
            this(label, base, worker, new Samples(), new ArrayList<>());
        }

        boolean isPeer() {
            return label.startsWith("PyTorch");
        }

        double last(String key) {
            return ((Number) steps.get(steps.size() - 1).get(key)).doubleValue();
        }
    }

    private final Settings settings;
    private final Report report;

    TrainingComparison(Settings settings, Report report) {
        this.settings = settings;
        this.report = report;
    }

    /**
     * @param formats of Chaku's weights
     * @param bases types of PyTorch's weights: bf16, f32
     */
    void run(PeerShape shape, int tokens, List<String> formats, List<String> bases) throws IOException {
        List<Entrant> entrants = new ArrayList<>();
        try {
            for (String base : bases) {
                entrants.add(fastest(shape, tokens, base));
            }
            for (String device : settings.devices()) {
                // All programs stay in memory until the last round: further paths show themselves on one format.
                for (String format : device.equals(settings.devices().get(0)) ? formats : formats.subList(0, 1)) {
                    entrants.add(new Entrant(
                            "chaku " + device, format, ChakuWorkers.training(settings, shape, tokens, format, device, "lora")));
                }
            }
            for (Entrant entrant : entrants) {
                report.program(entrant.label(), entrant.worker().greeting());
                if (!entrant.isPeer()) {
                    step(entrant);
                }
            }
            for (int round = 0; round < settings.rounds(); round++) {
                for (Entrant entrant : entrants) {
                    step(entrant);
                    entrant.speed().add(tokens / entrant.last("seconds"));
                }
            }
            tell(shape, tokens, entrants);
        } finally {
            for (Entrant entrant : entrants) {
                entrant.worker().close();
            }
        }
    }

    /**
     * That both compute the same, step by step from the same A and B on a small shape of float32 weights: loss and
     * gradient norm of LoRA, DoRA and DPO.
     */
    void curves() throws IOException {
        for (String method : List.of("lora", "dora", "dpo")) {
            curve(method);
        }
    }

    private void curve(String method) throws IOException {
        PeerShape shape = PeerShape.CHECK;
        double[] most = new double[2];
        double[] exact = new double[2];
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "training_check");
        row.put("method", method);
        row.put("steps", CURVE_STEPS);
        List<Double> losses = new ArrayList<>();
        try (Worker peer = torch(shape, CURVE_TOKENS, "f32", PyTorchDecoder.Attention.EAGER, method);
                Worker ours = ChakuWorkers.training(settings, shape, CURVE_TOKENS, "bf16", "float32", method)) {
            report.program("PyTorch " + method, peer.greeting());
            report.program("chaku " + method, ours.greeting());
            for (int step = 1; step <= CURVE_STEPS; step++) {
                Map<String, Object> expected = peer.ask(Map.of());
                Map<String, Object> found = ours.ask(Map.of());
                List<String> measures = List.of("loss", "grad_norm");
                for (int i = 0; i < measures.size(); i++) {
                    String what = measures.get(i);
                    double difference = Math.abs(number(found, what) / number(expected, what) - 1);
                    most[i] = Math.max(most[i], difference);
                    exact[i] = step <= EXACT_STEPS ? most[i] : exact[i];
                }
                losses.add(number(expected, "loss"));
            }
        }
        row.put("first_loss", losses.get(0));
        row.put("last_loss", losses.get(losses.size() - 1));
        row.put("loss_difference_10", exact[0]);
        row.put("norm_difference_10", exact[1]);
        row.put("loss_difference", most[0]);
        row.put("norm_difference", most[1]);
        row.put(
                "ok",
                Math.max(most[0], most[1]) < MOST_DIFFERENCE && Math.max(exact[0], exact[1]) < MOST_EXACT_DIFFERENCE);
        report.check(row);
    }

    /** PyTorch with the way of attention whose first step is fastest, which warms it up; the others end. */
    private Entrant fastest(PeerShape shape, int tokens, String base) throws IOException {
        Entrant best = null;
        for (PyTorchDecoder.Attention attention : PyTorchDecoder.Attention.values()) {
            // On float32 weights both SDPA are one; on bfloat16 operands PyTorch's kernel is several times slower than
            // on float32.
            if (attention == (base.equals("f32") ? PyTorchDecoder.Attention.SDPA_F32 : PyTorchDecoder.Attention.SDPA)) {
                continue;
            }
            if (attention == PyTorchDecoder.Attention.EAGER && tokens > MOST_EAGER_TOKENS) {
                continue;
            }
            Entrant entrant = new Entrant(
                    "PyTorch",
                    base + " " + attention.name().toLowerCase(Locale.ROOT),
                    torch(shape, tokens, base, attention, "lora"));
            step(entrant);
            report.note(String.format(
                    Locale.ROOT, "PyTorch %s: %.2f s for a first step", entrant.base(), entrant.last("seconds")));
            if (best == null || entrant.last("seconds") < best.last("seconds")) {
                if (best != null) {
                    best.worker().close();
                }
                best = entrant;
            } else {
                entrant.worker().close();
            }
        }
        return best;
    }

    private Worker torch(
            PeerShape shape, int tokens, String base, PyTorchDecoder.Attention attention, String method)
            throws IOException {
        Path file = ModelFile.in(settings.models(), shape, "bf16");
        Map<String, String> environment = new LinkedHashMap<>();
        // OpenBLAS multiplies adapters only where the base is bfloat16: more threads than one stand in oneDNN's way
        // then. Where
        // it multiplies all, its threads and PyTorch's take turns, and those that wait must not keep the processor.
        environment.put("OPENBLAS_NUM_THREADS", base.equals("bf16") ? "1" : Integer.toString(settings.threads()));
        if (!base.equals("bf16")) {
            environment.put("OMP_WAIT_POLICY", "passive");
        }
        FASTER_MALLOCS.stream()
                .filter(Files::exists)
                .findFirst()
                .ifPresent(m -> environment.put("LD_PRELOAD", m.toString()));
        // Without jemalloc: memory that is freed is kept for the next tensor, which saves PyTorch as much.
        environment.put("MALLOC_TOP_PAD_", "268435456");
        environment.put("MALLOC_MMAP_THRESHOLD_", "4294967296");
        environment.put("MALLOC_TRIM_THRESHOLD_", "17179869184");
        return Worker.start(
                PyTorchTraining.class,
                settings.logs().resolve("pytorch-" + base + ".log"),
                environment,
                List.of(
                        file.toString(),
                        shape.name(),
                        Integer.toString(settings.threads()),
                        Integer.toString(tokens),
                        ChakuWorkers.initial(settings, shape).toString(),
                        base,
                        attention.name().toLowerCase(Locale.ROOT),
                        method));
    }

    private static void step(Entrant entrant) throws IOException {
        entrant.steps().add(entrant.worker().ask(Map.of()));
    }

    private void tell(PeerShape shape, int tokens, List<Entrant> entrants) throws IOException {
        for (Entrant entrant : entrants) {
            Map<String, Object> row = row("training", shape, tokens, entrant);
            row.put("tokens_per_s", entrant.speed().fields());
            row.put("peak_bytes", (long) entrant.last("peak_bytes"));
            row.put("loss", entrant.steps().get(0).get("loss"));
            report.row(row);
        }
        for (Entrant entrant : entrants) {
            for (Entrant peer : entrants) {
                if (!entrant.isPeer() && peer.isPeer()) {
                    Map<String, Object> row = row("training_ratio", shape, tokens, entrant);
                    row.put("peer", peer.label() + " " + peer.base());
                    row.put("peer_system", peer.worker().greeting().get("system"));
                    row.put("speed", entrant.speed().over(peer.speed()).fields());
                    row.put("memory", Math.round(1000 * entrant.last("peak_bytes") / peer.last("peak_bytes")) / 1000.0);
                    report.row(row);
                }
            }
        }
    }

    private Map<String, Object> row(String measure, PeerShape shape, int tokens, Entrant entrant) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", measure);
        row.put("shape", shape.name());
        row.put("tokens", tokens);
        row.put("program", entrant.label());
        row.put("base", entrant.base());
        row.put("system", entrant.worker().greeting().get("system"));
        row.put("rank", ChakuWorkers.RANK);
        row.put("threads", settings.threads());
        return row;
    }

    private static double number(Map<String, Object> fields, String key) {
        return ((Number) fields.get(key)).doubleValue();
    }
}
