package dev.chaku.train;

import dev.chaku.gguf.GgmlType;
import java.util.List;

/**
 * Every weight is trained, as a float32 copy, and a whole model is written: for small models.
 *
 * @param format of the matrices in the file that is written; it changes nothing of the training
 */
public record FullTraining(GgmlType format) implements Method {
    @Override
    public List<Setting> settings() {
        return List.of(Setting.of("mode", "full"));
    }
}
