package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** A trainer's parameters and what belongs to each, to a file and back. One parameter at a time is held in memory. */
final class TrainerState {
    /** All that a resumed run needs; gradients are zero between steps. */
    static final List<EngineTrainer.Slot> WHOLE =
            List.of(EngineTrainer.Slot.VALUE, EngineTrainer.Slot.MOMENT1, EngineTrainer.Slot.MOMENT2);

    /** The same of a training through a quantizer. */
    static final List<EngineTrainer.Slot> WHOLE_WITH_FROZEN = List.of(
            EngineTrainer.Slot.VALUE,
            EngineTrainer.Slot.MOMENT1,
            EngineTrainer.Slot.MOMENT2,
            EngineTrainer.Slot.FROZEN);

    static final List<EngineTrainer.Slot> VALUES = List.of(EngineTrainer.Slot.VALUE);

    private TrainerState() {}

    static void write(EngineTrainer core, List<EngineTrainer.Slot> slots, Map<String, String> metadata, Path file) {
        List<Safetensors.Source> sources = new ArrayList<>();
        FloatBuffer values = bufferFor(core);
        for (int i = 0; i < core.parameters(); i++) {
            int index = i;
            ParameterInfo info = core.parameter(i);
            for (EngineTrainer.Slot slot : slots) {
                sources.add(new Safetensors.Source(
                        name(info, slot),
                        List.of(info.rows(), info.columns()),
                        () -> read(core, index, info, slot, values)));
            }
        }
        Safetensors.write(file, metadata, sources);
    }

    /** Room for any one parameter. Direct memory is given back late: one buffer does for all. */
    static FloatBuffer bufferFor(EngineTrainer core) {
        long most = IntStream.range(0, core.parameters())
                .mapToLong(i -> core.parameter(i).elements())
                .max()
                .orElse(0);
        return DirectBuffers.floats(Math.toIntExact(most));
    }

    private static FloatBuffer read(
            EngineTrainer core, int index, ParameterInfo info, EngineTrainer.Slot slot, FloatBuffer values) {
        core.read(index, slot, values.clear().limit(Math.toIntExact(info.elements())));
        return values;
    }

    /** @throws BadInputException if a parameter is missing or has another size */
    static void restore(Safetensors state, List<EngineTrainer.Slot> slots, EngineTrainer core) {
        for (int i = 0; i < core.parameters(); i++) {
            ParameterInfo info = core.parameter(i);
            for (EngineTrainer.Slot slot : slots) {
                ByteBuffer bytes = state.bytes(name(info, slot));
                if (bytes.remaining() != info.elements() * Float.BYTES) {
                    throw new BadInputException(state.path() + ": tensor '" + name(info, slot) + "': expected "
                            + info.elements() + " values, found " + bytes.remaining() / Float.BYTES);
                }
                core.write(i, slot, bytes.asFloatBuffer());
            }
        }
    }

    private static String name(ParameterInfo info, EngineTrainer.Slot slot) {
        String place = info.module().at(info.layer()).name();
        return place + "." + info.kind().name().toLowerCase(Locale.ROOT) + "."
                + slot.name().toLowerCase(Locale.ROOT);
    }
}
