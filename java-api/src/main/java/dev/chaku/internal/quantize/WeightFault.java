package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import java.util.Optional;

/** Finds the weight for which a model computes numbers that are not finite. */
public final class WeightFault {
    private WeightFault() {}

    /** The first weight of a file that is not finite, in words; reads on until it is found. */
    public static Optional<String> find(GgufFile file) {
        for (GgufTensor tensor : file.tensors()) {
            if (Engines.codec().describe(tensor.type()).isPresent()) {
                try {
                    new GgufRows(file, tensor).requireFinite();
                } catch (BadInputException e) {
                    return Optional.of(e.getMessage());
                }
            }
        }
        return Optional.empty();
    }
}
