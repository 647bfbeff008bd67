package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.adapter.BaseVocabulary;
import dev.chaku.internal.adapter.ModelFingerprint;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderSpec;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What an adapter has to know of the model that it is for: the family, the shapes and the order of rows, the tokens and
 * the file's hash. Reading one reads the head of a file, no weights. Immutable and thread-safe.
 */
public final class AdapterBase {
    private final String name;
    private final Optional<GgufFile> file;
    private final GgufMetadata metadata;
    private final DecoderSpec spec;

    private AdapterBase(String name, Optional<GgufFile> file, GgufMetadata metadata, DecoderSpec spec) {
        this.name = name;
        this.file = file;
        this.metadata = metadata;
        this.spec = spec;
    }

    /**
     * Reads the head of a GGUF file.
     *
     * @param model a model; of a split one, any part
     * @return the base
     * @throws BadInputException if the file is damaged or holds no model of a known family
     */
    public static AdapterBase read(Path model) {
        GgufFile file = GgufFile.read(model);
        return new AdapterBase(model.toString(), Optional.of(file), file.metadata(), ModelFamilies.map(file));
    }

    /**
     * {@return an open model as a base}
     *
     * @param model of a file or of random weights
     */
    public static AdapterBase of(Model model) {
        return new AdapterBase(model.metadata().source(), model.file(), model.metadata(), model.spec());
    }

    /** {@return the name of the family, for instance {@code llama}} */
    public String architecture() {
        return spec.architecture();
    }

    /** {@return the file; none for a model of random weights} */
    public Optional<Path> path() {
        return file.map(GgufFile::path);
    }

    /** {@return the key values of the file; empty for a model of random weights} */
    public GgufMetadata metadata() {
        return metadata;
    }

    DecoderSpec spec() {
        return spec;
    }

    Optional<GgufFile> file() {
        return file;
    }

    /** Whether it is the file that key values of an adapter tell of; empty where they do not, or there is no file. */
    Optional<Boolean> isFileOf(GgufMetadata adapter) {
        Optional<String> hash = adapter.findString(AdapterKeys.HASH);
        if (file.isEmpty() || hash.isEmpty()) {
            return Optional.empty();
        }
        boolean surely = adapter.findString(AdapterKeys.FINGERPRINT)
                .filter(ModelFingerprint.of(file.get())::equals)
                .isPresent();
        // What differs may be the same model in parts, or the adapter an old one: then all bytes are read.
        return Optional.of(surely || hash.get().equals(file.get().sha256()));
    }

    /** Whether its tokens are those that key values of an adapter tell of; empty where either says nothing. */
    Optional<Boolean> hasVocabularyOf(GgufMetadata adapter) {
        return adapter.findString(AdapterKeys.VOCABULARY)
                .flatMap(told -> BaseVocabulary.hash(metadata).map(told::equals));
    }

    @Override
    public String toString() {
        return name;
    }
}
