package dev.chaku.data.doctor;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.ScratchFile;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sketches of texts by number: the first in memory, up to a share of the heap, the others in a scratch file in the
 * system's folder for temporary files. Not thread-safe.
 */
final class SketchStore {
    private static final int SHARE_OF_HEAP = 32;

    private final int valuesKept;
    private final int inMemory;
    private final List<int[]> first = new ArrayList<>();
    private @Nullable ScratchFile rest;
    private int size;

    /** @param valuesKept most values of a sketch */
    SketchStore(int valuesKept) {
        this(valuesKept, (int)
                Math.min(1 << 20, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP / recordBytes(valuesKept)));
    }

    /** @param inMemory sketches that are kept in memory */
    SketchStore(int valuesKept, int inMemory) {
        this.valuesKept = valuesKept;
        this.inMemory = inMemory;
    }

    private static int recordBytes(int valuesKept) {
        return Integer.BYTES * (valuesKept + 1);
    }

    /** Keeps a sketch; its number counts from 0. */
    int add(int[] sketch) {
        if (size < inMemory) {
            first.add(sketch);
            return size++;
        }
        if (rest == null) {
            rest = ScratchFile.in(Path.of(System.getProperty("java.io.tmpdir")));
        }
        ByteBuffer bytes = ByteBuffer.allocate(recordBytes(valuesKept));
        bytes.putInt(sketch.length);
        bytes.asIntBuffer().put(sketch);
        rest.append(bytes.array(), bytes.capacity());
        return size++;
    }

    /** @throws ResourceException if the scratch file cannot be read */
    int[] get(int number) {
        if (number < inMemory) {
            return first.get(number);
        }
        try {
            int length = recordBytes(valuesKept);
            ByteBuffer bytes = ByteBuffer.wrap(rest.read((long) (number - inMemory) * length, length));
            int[] sketch = new int[bytes.getInt()];
            bytes.asIntBuffer().get(sketch);
            return sketch;
        } catch (IOException e) {
            throw new ResourceException("the scratch file of the comparison cannot be read: " + FileFault.reason(e), e);
        }
    }
}
