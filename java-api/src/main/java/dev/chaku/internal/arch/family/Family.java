package dev.chaku.internal.arch.family;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderReader;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/** All that is known of one model family. Stateless and thread-safe. */
abstract class Family {
    private final String architecture;

    /** Of the value of {@code general.architecture}. */
    Family(String architecture) {
        this.architecture = architecture;
    }

    final String architecture() {
        return architecture;
    }

    /** New traits, for this file: in what the family differs from llama's kind. */
    abstract DecoderTraits traits(GgufFile file);

    /**
     * Describes the decoder that a file of this architecture holds.
     *
     * @throws dev.chaku.errors.BadInputException if a key or tensor is missing, has another type or shape than
     *     expected, or says something that this family does not understand; the message names file and key or tensor
     */
    final DecoderSpec map(GgufFile file) {
        return new DecoderReader(file, architecture, traits(file)).map();
    }

    /** What Hugging Face calls the modules that an adapter can add to: as llama's, unless the family says otherwise. */
    ModuleNames modules() {
        return ModuleNames.llama();
    }

    /** The classes at Hugging Face that this family is, and how they store it. */
    abstract List<HuggingFaceClass> huggingFace();

    /** Classes of this family, of llama's kind until changed. */
    final HuggingFaceClass of(String... classes) {
        return HuggingFaceClass.of(architecture, classes);
    }

    /** No rules yet; products will have the names of {@link #modules}. */
    final TensorRules rules() {
        return new TensorRules(modules());
    }
}
