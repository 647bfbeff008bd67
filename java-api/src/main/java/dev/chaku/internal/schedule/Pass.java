package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts that are computed together, each with its part, and the rows of logits that they ask for. Where it is held
 * between layers, it knows how many are done.
 */
final class Pass {
    private final int vocabSize;
    private final List<Work> works = new ArrayList<>();
    private final List<EnginePool.Part> parts = new ArrayList<>();
    private int layersDone;

    Pass(int vocabSize) {
        this.vocabSize = vocabSize;
    }

    void add(Work work, EnginePool.Part part) {
        works.add(work);
        parts.add(part);
    }

    boolean isEmpty() {
        return works.isEmpty();
    }

    List<Work> works() {
        return works;
    }

    List<EnginePool.Part> parts() {
        return parts;
    }

    /** Where memory is short, it is first tried without drafts; false if it has none. */
    boolean forgetDrafts() {
        boolean any = false;
        for (int i = 0; i < parts.size(); i++) {
            Work work = works.get(i);
            if (work.drafted > 0) {
                any = true;
                work.forgetDraft();
                parts.set(i, work.next(parts.get(i).text(), EnginePool.BLOCK, 0));
            }
        }
        return any;
    }

    void remove(Work work) {
        int index = works.indexOf(work);
        if (index >= 0) {
            works.remove(index);
            parts.remove(index);
        }
    }

    /** The only text, which a cancellation may then end. */
    boolean isOf(Work work) {
        return works.size() == 1 && works.get(0) == work;
    }

    int tokens() {
        return parts.stream().mapToInt(EnginePool.Part::n).sum();
    }

    /** Tokens of one text, 0 where it is not here. */
    int tokensOf(Work work) {
        int index = works.indexOf(work);
        return index < 0 ? 0 : parts.get(index).n();
    }

    void layersAreDone(int layers) {
        layersDone += layers;
    }

    int layersDone() {
        return layersDone;
    }

    /** Room for the rows: in a buffer, or in a larger one. */
    FloatBuffer logitsIn(FloatBuffer buffer) {
        int rows = parts.stream().mapToInt(EnginePool.Part::rows).sum();
        int floats = Math.multiplyExact(rows, vocabSize);
        return buffer.capacity() < floats ? DirectBuffers.floats(floats) : buffer.clear();
    }
}
