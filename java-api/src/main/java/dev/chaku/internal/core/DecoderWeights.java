package dev.chaku.internal.core;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Brings a decoder into the core: its shape, then its tensors, in place where they can be. */
final class DecoderWeights {
    private DecoderWeights() {}

    /**
     * A decoder over the tensors of a file or its parts, which the core maps: matrices are used where they lie.
     *
     * @param spec what the file's family said of it
     * @param fault finds what is wrong with the weights when the core computes numbers that are not finite
     * @throws BadInputException if a tensor has a format that the core does not compute with, or the file has changed
     */
    static NativeModel load(NativeEngine engine, DecoderSpec spec, GgufFile file, Supplier<Optional<String>> fault) {
        for (TensorSpec tensor : spec.tensors()) {
            requireSupported(tensor, file.path().toString());
        }
        try (NativeModelBuilder builder = begin(engine, spec)) {
            int[] mapped = file.parts().stream()
                    .mapToInt(part -> builder.mapFile(part.path(), part.bytes()))
                    .toArray();
            for (TensorSpec tensor : spec.tensors()) {
                GgufTensor source = file.requireTensor(tensor.name());
                if (tensor.turns() > 0) {
                    setInTurns(builder, tensor, file.readTensor(source));
                } else if (tensor.rows() == 1 && tensor.type() != GgmlType.F32) {
                    setDecoded(builder, tensor, file.readTensor(source));
                } else {
                    builder.setMapped(
                            slot(tensor, tensor.type()), mapped[source.part()], source.offset() + tensor.firstByte());
                }
            }
            return builder.seal(fault);
        }
    }

    /**
     * A decoder of random weights for measurements: what is computed costs what it costs with real ones. Norms are
     * about 1, other vectors 0.1, and matrices keep the size of what they multiply.
     */
    static NativeModel random(NativeEngine engine, DecoderSpec spec, long seed) {
        for (TensorSpec tensor : spec.tensors()) {
            requireSupported(tensor, "synthetic " + spec.architecture());
        }
        try (NativeModelBuilder builder = begin(engine, spec)) {
            long tensorSeed = seed;
            for (TensorSpec tensor : spec.tensors()) {
                boolean norm = tensor.rows() == 1 && tensor.kind() == TensorSpec.Kind.WEIGHT;
                float deviation = tensor.rows() == 1 ? 0.1f : (float) (1 / Math.sqrt(tensor.columns()));
                builder.setRandom(slot(tensor, tensor.type()), norm ? 1 : 0, deviation, tensorSeed++);
            }
            return builder.seal(Optional::empty);
        }
    }

    private static NativeModelBuilder begin(NativeEngine engine, DecoderSpec spec) {
        NativeModelBuilder builder = NativeModelBuilder.create(engine, spec.decoder());
        boolean begun = false;
        try {
            for (RopeSpec rope : spec.ropes()) {
                builder.addRope(rope);
            }
            if (spec.decoder().layerInputs() != null) {
                builder.setLayerInputs(spec.decoder().layerInputs());
            }
            builder.setHead(spec.vectors().activation());
            int index = 0;
            for (LayerOptions layer : spec.layers()) {
                builder.setLayer(index, layer);
                if (layer.latent() != null) {
                    builder.setLatent(index, layer.latent());
                }
                if (!layer.hasKeys()) {
                    builder.setKeySource(index, layer.keySource());
                }
                if (layer.outputScale() != 1) {
                    builder.setOutputScale(index, layer.outputScale());
                }
                if (layer.mixer() != null) {
                    builder.setMixer(index, layer.mixer());
                }
                if (layer.experts() != null) {
                    builder.setExperts(index, layer.experts());
                }
                index++;
            }
            begun = true;
            return builder;
        } finally {
            if (!begun) {
                builder.close();
            }
        }
    }

    /** The core takes vectors as F32; there are few of them, so a copy costs nothing. */
    private static void setDecoded(NativeModelBuilder builder, TensorSpec tensor, ByteBuffer encoded) {
        ByteBuffer decoded = DirectBuffers.bytes(Math.toIntExact(tensor.columns() * Float.BYTES));
        FloatBuffer floats = decoded.asFloatBuffer();
        int first = Math.toIntExact(tensor.firstByte());
        ByteBuffer own = encoded.slice(first, Math.toIntExact(tensor.type().rowBytes(tensor.columns())));
        NativeFormats.CODEC.dequantize(tensor.type(), own, floats);
        builder.setData(slot(tensor, GgmlType.F32), decoded);
    }

    /** The core wants the rows of a matrix together: these few are copied. */
    private static void setInTurns(NativeModelBuilder builder, TensorSpec tensor, ByteBuffer encoded) {
        int rowBytes = Math.toIntExact(tensor.type().rowBytes(tensor.columns()));
        ByteBuffer own = DirectBuffers.bytes(Math.toIntExact(tensor.rows() * rowBytes));
        for (long row = 0; row < tensor.rows(); row++) {
            own.put(encoded.slice(Math.toIntExact(tensor.rowInFile(row) * rowBytes), rowBytes));
        }
        builder.setData(slot(tensor, tensor.type()), own.flip());
    }

    private static TensorSlot slot(TensorSpec tensor, GgmlType type) {
        return new TensorSlot(
                Ids.of(tensor.place().module()),
                Ids.of(tensor.kind()),
                tensor.place().layer(),
                type.id(),
                tensor.rows(),
                tensor.columns(),
                tensor.name());
    }

    private static void requireSupported(TensorSpec tensor, String where) {
        if (NativeFormats.CODEC.describe(tensor.type()).isEmpty()) {
            String known = Arrays.stream(GgmlType.values())
                    .filter(type -> NativeFormats.CODEC.describe(type).isPresent())
                    .map(GgmlType::name)
                    .collect(Collectors.joining(", "));
            throw new BadInputException(where + ": tensor " + tensor.name() + " has the format " + tensor.type()
                    + ", with which this build cannot compute; it can with " + known);
        }
    }
}
