package dev.chaku.internal.train;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.quantize.ValueRange;
import dev.chaku.train.Experts;
import dev.chaku.train.FullTraining;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Full training: a float32 copy of every weight, but for the routers of experts unless these are asked for. */
record TrainableModel(BaseModel model, FullTraining full, Experts experts) implements Trainable {
    private static final System.Logger LOG = System.getLogger(TrainableModel.class.getName());

    @Override
    public String fileName() {
        return "model.gguf";
    }

    @Override
    public boolean isAdapter() {
        return false;
    }

    /** One tensor at a time. */
    @Override
    public long heapBytes() {
        return model.spec().tensors().stream()
                        .mapToLong(TensorSpec::elements)
                        .max()
                        .orElse(0)
                * Float.BYTES;
    }

    @Override
    public TrainerOptions options(int maxTokens, long seed, long memoryLimitBytes) {
        Trainable.requireExpertsWhereTheyAreMeant(model, experts);
        return TrainerOptions.full(
                maxTokens, seed, (float) experts.loadBalance(), experts.trainRouters(), memoryLimitBytes);
    }

    @Override
    public long parameters() {
        return model.spec().parameters() - (experts.trainRouters() ? 0 : routerParameters());
    }

    private long routerParameters() {
        return model.spec().tensors().stream()
                .filter(tensor -> tensor.place().module() == DecoderModule.ROUTER
                        || tensor.place().module() == DecoderModule.SHARED_ROUTER)
                .mapToLong(TensorSpec::elements)
                .sum();
    }

    /** Writes the whole model: the base's metadata, every tensor replaced by the trainer's values. */
    @Override
    public void write(EngineTrainer core, RunDescription description, Path file) {
        GgmlType format = full.format();
        GgufFile base =
                model.file().orElseThrow(() -> new IllegalStateException("a synthetic model cannot be written"));
        Map<String, List<Part>> parameters = new LinkedHashMap<>();
        for (int i = 0; i < core.parameters(); i++) {
            TensorSpec tensor = tensorOf(model.spec(), core.parameter(i));
            parameters
                    .computeIfAbsent(tensor.name(), unused -> new ArrayList<>())
                    .add(new Part(tensor, i));
        }
        GgufWriter writer = GgufWriter.to(file).overwrite(true).putAll(base.metadata());
        fileType(format).ifPresent(type -> writer.put("general.file_type", type));
        base.tensors().forEach(tensor -> {
            List<Part> parts = parameters.get(tensor.name());
            if (parts == null) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), base.copyOf(tensor));
            } else {
                parts.sort(Comparator.comparingLong(part -> part.tensor().first()));
                List<FloatBuffer> values = read(core, parts, file + ": tensor " + tensor.name());
                boolean narrow = parts.get(0).isMatrix() && tensor.dim(0) % format.blockElements() == 0;
                GgmlType type = narrow ? held(format, values, tensor.name()) : GgmlType.F32;
                writer.tensor(tensor.name(), type, tensor.dims(), encode(parts, values, type));
            }
        });
        writer.write();
    }

    /** A trained parameter and the tensor of the file that it is, or a part of which it is. */
    private record Part(TensorSpec tensor, int parameter) {
        /** Whether it may have any format: a product's weight or the embedding. Routers, norms and biases stay F32. */
        boolean isMatrix() {
            DecoderModule module = tensor.place().module();
            return tensor.kind() == TensorSpec.Kind.WEIGHT
                    && (module.isAdaptable() || module == DecoderModule.TOKEN_EMBEDDING);
        }
    }

    private static TensorSpec tensorOf(DecoderSpec spec, ParameterInfo info) {
        TensorSpec.Kind kind = info.kind() == ParameterInfo.Kind.BIAS ? TensorSpec.Kind.BIAS : TensorSpec.Kind.WEIGHT;
        DecoderModule.Place place = place(info);
        return spec.tensors().stream()
                .filter(tensor -> tensor.place().equals(place) && tensor.kind() == kind)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("a trained tensor that the model lacks: " + place.name()));
    }

    /** The number by which llama.cpp calls a file that is mostly of this format; the base's stays for others. */
    private static OptionalInt fileType(GgmlType format) {
        return switch (format) {
            case F32 -> OptionalInt.of(0);
            case F16 -> OptionalInt.of(1);
            case Q4_0 -> OptionalInt.of(2);
            case Q8_0 -> OptionalInt.of(7);
            case BF16 -> OptionalInt.of(32);
            default -> OptionalInt.empty();
        };
    }

    private static DecoderModule.Place place(ParameterInfo info) {
        return info.module().at(info.layer());
    }

    /** The values of each part, all finite. */
    private static List<FloatBuffer> read(EngineTrainer core, List<Part> parts, String name) {
        List<FloatBuffer> values = new ArrayList<>();
        for (Part part : parts) {
            FloatBuffer buffer =
                    DirectBuffers.floats(Math.toIntExact(part.tensor().elements()));
            core.read(part.parameter(), EngineTrainer.Slot.VALUE, buffer);
            ValueRange.require(name, GgmlType.F32, buffer, 0, part.tensor().columns());
            values.add(buffer);
        }
        return values;
    }

    /** The format, or F32 where it cannot hold the values: hours of training are worth more than the bytes. */
    private static GgmlType held(GgmlType format, List<FloatBuffer> values, String tensor) {
        if (values.stream().allMatch(part -> ValueRange.holds(format, part))) {
            return format;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "tensor " + tensor + " has values that are too large for " + format + " and is written as F32");
        return GgmlType.F32;
    }

    /** The parts of a tensor one after the other, or some rows of each in turns. */
    private static ByteBuffer encode(List<Part> parts, List<FloatBuffer> own, GgmlType type) {
        long values = parts.stream().mapToLong(part -> part.tensor().elements()).sum();
        ByteBuffer encoded = DirectBuffers.bytes(Math.toIntExact(type.rowBytes(values)));
        TensorSpec first = parts.get(0).tensor();
        int turn = first.turns() == 0 ? Integer.MAX_VALUE : Math.toIntExact(first.turns() * first.columns());
        int at = 0;
        while (own.stream().anyMatch(FloatBuffer::hasRemaining)) {
            for (FloatBuffer part : own) {
                int floats = Math.min(turn, part.remaining());
                int bytes = Math.toIntExact(type.rowBytes(floats));
                Engines.codec()
                        .quantize(
                                type,
                                part.slice(part.position(), floats),
                                encoded.slice(at, bytes).order(encoded.order()));
                part.position(part.position() + floats);
                at += bytes;
            }
        }
        return encoded;
    }
}
