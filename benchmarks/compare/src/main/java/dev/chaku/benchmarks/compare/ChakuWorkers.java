package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Starts our programs of a comparison. */
final class ChakuWorkers {
    static final int RANK = 16;

    private ChakuWorkers() {}

    /** Prefill and decode of a file. */
    static Worker inference(Settings settings, Path file, String device) throws IOException {
        return Worker.start(
                ChakuInference.class,
                settings.logs().resolve("chaku-" + device + ".log"),
                Map.of(),
                List.of(file.toString(), Integer.toString(settings.threads()), device));
    }

    /** LoRA steps of {@code tokens} tokens. */
    static Worker training(Settings settings, PeerShape shape, int tokens, String format, String device)
            throws IOException {
        Path run = settings.logs().resolve("runs").resolve(UUID.randomUUID().toString());
        Files.createDirectories(run.getParent());
        return Worker.start(
                ChakuTraining.class,
                settings.logs().resolve("chaku-training-" + format + ".log"),
                Map.of(),
                List.of(
                        ModelFile.in(settings.models(), shape, format).toString(),
                        shape.name(),
                        Integer.toString(settings.threads()),
                        Integer.toString(tokens),
                        Integer.toString(RANK),
                        device,
                        run.toString()));
    }
}
