package dev.chaku.benchmarks.compare;

import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Tensors whose parts are freed as soon as they are computed, as Python frees them, and not at a collection of garbage.
 */
final class Scoped {
    private Scoped() {}

    /** What the body computes; every other tensor that it makes is released, unless a graph holds on to it. */
    @SuppressWarnings("try") // the scope works by being open
    static Tensor keep(Supplier<Tensor> body) {
        try (PointerScope scope = new PointerScope()) {
            Tensor result = body.get();
            result.retainReference();
            return result;
        }
    }
}
