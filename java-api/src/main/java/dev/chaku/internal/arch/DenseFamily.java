package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;

/** A family that its traits describe. Stateless and thread-safe, as {@link #traits} must be. */
abstract class DenseFamily implements ModelFamily {
    private final String architecture;

    DenseFamily(String architecture) {
        this.architecture = architecture;
    }

    @Override
    public final String architecture() {
        return architecture;
    }

    /** New traits, for this file. */
    abstract DenseTraits traits(GgufFile file);

    @Override
    public DecoderSpec map(GgufFile file) {
        return new DenseDecoder(file, architecture, traits(file)).map();
    }
}
