package dev.chaku.internal.train;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineModel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The model that a training is over, as far as it concerns the training.
 *
 * @param name with which messages begin
 * @param file none of a synthetic model
 * @param core stays open until the training has ended
 * @param threads 0 for one per core
 * @param memoryLimitBytes most that the process may take, 0 for what the machine has
 */
public record BaseModel(
        String name,
        Optional<GgufFile> file,
        GgufMetadata metadata,
        DecoderSpec spec,
        EngineModel core,
        int threads,
        long memoryLimitBytes) {

    Optional<Path> path() {
        return file.map(GgufFile::path);
    }

    /** Under what licence the model was given, as its file says. */
    Optional<String> licence() {
        return metadata.findString("general.license").filter(licence -> !licence.isBlank());
    }

    String architecture() {
        return spec.architecture();
    }

    int contextLength() {
        return spec.contextLength();
    }

    /** V. */
    int vocabSize() {
        return spec.decoder().vocabSize();
    }

    /** L. */
    int layers() {
        return spec.decoder().layers();
    }

    boolean hasExperts() {
        return spec.layers().stream().anyMatch(layer -> layer.experts() != null);
    }

    @Override
    public String toString() {
        return name;
    }
}
