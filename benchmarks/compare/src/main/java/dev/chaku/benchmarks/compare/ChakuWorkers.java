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

    /** The adapter that all programs of a comparison begin with. */
    static Path initial(Settings settings, PeerShape shape) throws IOException {
        Path file = ModelFile.in(settings.models(), shape, "bf16");
        return RandomAdapter.initial(settings.models(), file, RANK, 3);
    }

    /**
     * Steps of {@code tokens} tokens.
     *
     * @param method lora, dora or dpo
     */
    static Worker training(
            Settings settings, PeerShape shape, int tokens, String format, String device, String method)
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
                        initial(settings, shape).toString(),
                        device,
                        run.toString(),
                        method));
    }
}
