package dev.chaku.internal.arch;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Picks a family's tensors from a file, checks their shapes, and refuses what is left over. Not thread-safe. */
final class TensorTable {
    private final GgufFile file;
    private final String architecture;
    private final List<TensorSpec> picked = new ArrayList<>();
    private final Set<String> understood = new HashSet<>();
    private final Map<DecoderModule, String> names = new EnumMap<>(DecoderModule.class);

    TensorTable(GgufFile file, String architecture) {
        this.file = file;
        this.architecture = architecture;
    }

    /** From now on this module is looked for under another name, without layer and {@code .weight}. */
    void rename(DecoderModule module, String name) {
        names.put(module, name);
    }

    /** Required matrices [rows, columns] of experts in one tensor, with their biases. */
    void stack(DecoderModule.Place place, long experts, long rows, long columns, Presence bias) {
        long all = Math.multiplyExact(experts, rows);
        require(place, TensorSpec.Kind.WEIGHT, new long[] {columns, rows, experts}, all, columns);
        if (bias == Presence.REQUIRED) {
            require(place, TensorSpec.Kind.BIAS, new long[] {rows, experts}, 1, all);
        } else if (bias == Presence.OPTIONAL) {
            find(place, TensorSpec.Kind.BIAS, new long[] {rows, experts}, 1, all);
        }
    }

    /** One of several modules that share a tensor, and how many of its rows are its own. */
    record Part(DecoderModule.Place place, long rows) {}

    /** Whether the module's weight is in the file. */
    boolean has(DecoderModule.Place place) {
        return file.findTensor(name(place, TensorSpec.Kind.WEIGHT)).isPresent();
    }

    /** Whether the file has a tensor of this name. */
    boolean has(String tensor) {
        return file.findTensor(tensor).isPresent();
    }

    /**
     * A required matrix of which each module has some rows, in this order, and its bias.
     *
     * @param name without {@code .weight}
     */
    void fused(String name, long columns, List<Part> parts, Presence bias) {
        long rows = parts.stream().mapToLong(Part::rows).sum();
        pickParts(name + ".weight", new long[] {columns, rows}, parts, TensorSpec.Kind.WEIGHT, columns);
        boolean biased = has(name + ".bias");
        if (bias == Presence.REQUIRED || (bias == Presence.OPTIONAL && biased)) {
            pickParts(name + ".bias", new long[] {rows}, parts, TensorSpec.Kind.BIAS, columns);
        }
    }

    private void pickParts(String name, long[] dims, List<Part> parts, TensorSpec.Kind kind, long columns) {
        understood.add(name);
        GgufTensor tensor = file.findTensor(name).orElseThrow(() -> missing(name, dims));
        requireDims(tensor, dims);
        long first = 0;
        for (Part part : parts) {
            boolean vector = kind == TensorSpec.Kind.BIAS;
            picked.add(new TensorSpec(
                    part.place(),
                    kind,
                    tensor.type(),
                    vector ? 1 : part.rows(),
                    vector ? part.rows() : columns,
                    name,
                    first));
            first += part.rows();
        }
    }

    /** A required tensor [rows, columns] under a name of its own. */
    void named(String name, DecoderModule.Place place, TensorSpec.Kind kind, long rows, long columns) {
        long[] dims = {columns, rows};
        understood.add(name);
        GgufTensor tensor = file.findTensor(name).orElseThrow(() -> missing(name, dims));
        requireDims(tensor, dims);
        picked.add(new TensorSpec(place, kind, tensor.type(), rows, columns, name, 0));
    }

    /** A required matrix of two modules' rows in turns: {@code each} of the one, as many of the other, and so on. */
    void interleaved(
            String name, long columns, long rows, long each, DecoderModule.Place one, DecoderModule.Place other) {
        long[] dims = {columns, 2 * rows};
        understood.add(name);
        GgufTensor tensor = file.findTensor(name).orElseThrow(() -> missing(name, dims));
        requireDims(tensor, dims);
        picked.add(new TensorSpec(one, TensorSpec.Kind.WEIGHT, tensor.type(), rows, columns, name, 0, each));
        picked.add(new TensorSpec(other, TensorSpec.Kind.WEIGHT, tensor.type(), rows, columns, name, each, each));
    }

    /** A norm's weight [rows, columns] that the family has, may have or does not have; rows are 1 but of heads. */
    void norm(DecoderModule.Place place, Presence presence, long rows, long columns, Presence bias) {
        if (presence == Presence.NONE || (presence == Presence.OPTIONAL && !has(place))) {
            return;
        }
        require(place, TensorSpec.Kind.WEIGHT, rows, columns);
        vector(place, TensorSpec.Kind.BIAS, bias, columns);
    }

    /** A required matrix of any number of rows; returns how many. */
    long rows(DecoderModule.Place place, long columns) {
        String name = name(place, TensorSpec.Kind.WEIGHT);
        long rows = file.findTensor(name).map(tensor -> tensor.dim(1)).orElse(0L);
        require(place, TensorSpec.Kind.WEIGHT, rows, columns);
        return rows;
    }

    /** A required matrix [rows, columns]. */
    void matrix(DecoderModule.Place place, long rows, long columns) {
        require(place, TensorSpec.Kind.WEIGHT, rows, columns);
    }

    /** A required vector. */
    void vector(DecoderModule.Place place, long columns) {
        require(place, TensorSpec.Kind.WEIGHT, 1, columns);
    }

    /** A vector that the family has, may have or does not have. */
    void vector(DecoderModule.Place place, TensorSpec.Kind kind, Presence presence, long columns) {
        switch (presence) {
            case NONE -> {}
            case OPTIONAL -> find(place, kind, 1, columns);
            case REQUIRED -> require(place, kind, 1, columns);
        }
    }

    /** A matrix that may be absent. */
    Optional<TensorSpec> findMatrix(DecoderModule.Place place, long rows, long columns) {
        return find(place, TensorSpec.Kind.WEIGHT, rows, columns);
    }

    /** A vector of positive numbers that describes rather than computes; it becomes no part of the decoder. */
    Optional<float[]> readVector(String name, int length) {
        understood.add(name);
        return file.findTensor(name).map(tensor -> {
            if (tensor.type() != GgmlType.F32 || !Arrays.equals(tensor.dims(), new long[] {length})) {
                throw mismatch(tensor, "f32 [" + length + "]");
            }
            float[] values = new float[length];
            file.readTensor(tensor).asFloatBuffer().get(values);
            for (float value : values) {
                if (!(value > 0)) {
                    throw new BadInputException(
                            file.path() + ": tensor " + name + " expects positive numbers, found " + value);
                }
            }
            return values;
        });
    }

    /** A number that describes rather than computes: it becomes no part of the decoder. */
    Optional<Float> readNumber(String name) {
        understood.add(name);
        return file.findTensor(name).map(tensor -> {
            if (tensor.type() != GgmlType.F32 || !Arrays.equals(tensor.dims(), new long[] {1})) {
                throw mismatch(tensor, "f32 [1]");
            }
            return file.readTensor(tensor).asFloatBuffer().get();
        });
    }

    /** Leaves out a tensor that the decoder does not read, if it is there. */
    void leaveOut(DecoderModule.Place place) {
        understood.add(name(place, TensorSpec.Kind.WEIGHT));
    }

    /** All tensors picked. Refuses every other tensor of the file, but for those that change no number. */
    List<TensorSpec> finish(Pattern harmless) {
        for (GgufTensor tensor : file.tensors()) {
            if (!understood.contains(tensor.name())
                    && !harmless.matcher(tensor.name()).matches()) {
                throw new BadInputException(file.path() + ": tensor " + tensor.name()
                        + " is not supported for architecture " + architecture + " and may change the results");
            }
        }
        return picked;
    }

    private void require(DecoderModule.Place place, TensorSpec.Kind kind, long rows, long columns) {
        require(place, kind, new long[] {columns, rows}, rows, columns);
    }

    private Optional<TensorSpec> find(DecoderModule.Place place, TensorSpec.Kind kind, long rows, long columns) {
        return find(place, kind, new long[] {columns, rows}, rows, columns);
    }

    private void require(DecoderModule.Place place, TensorSpec.Kind kind, long[] dims, long rows, long columns) {
        if (find(place, kind, dims, rows, columns).isEmpty()) {
            throw missing(name(place, kind), dims);
        }
    }

    private Optional<TensorSpec> find(
            DecoderModule.Place place, TensorSpec.Kind kind, long[] dims, long rows, long columns) {
        String name = name(place, kind);
        understood.add(name);
        Optional<GgufTensor> found = file.findTensor(name);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        GgufTensor tensor = found.get();
        requireDims(tensor, dims);
        TensorSpec spec = new TensorSpec(place, kind, tensor.type(), rows, columns, name, 0);
        picked.add(spec);
        return Optional.of(spec);
    }

    private String name(DecoderModule.Place place, TensorSpec.Kind kind) {
        String usual = TensorSpec.nameOf(place, kind);
        String other = names.get(place.module());
        String own = place.module().ggufName() + ".";
        return other == null
                ? usual
                : usual.substring(0, usual.indexOf(own)) + other + "."
                        + usual.substring(usual.indexOf(own) + own.length());
    }

    private void requireDims(GgufTensor tensor, long[] dims) {
        for (int i = 0; i < 4; i++) {
            if (tensor.dim(i) != (i < dims.length ? dims[i] : 1)) {
                throw mismatch(tensor, shape(dims));
            }
        }
    }

    private BadInputException missing(String name, long[] dims) {
        return new BadInputException(file.path() + ": tensor " + name + " is missing; expected " + shape(dims)
                + " for architecture " + architecture);
    }

    private BadInputException mismatch(GgufTensor tensor, String expected) {
        return new BadInputException(file.path() + ": tensor " + tensor.name() + " expects " + expected + ", found "
                + tensor.type().name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(tensor.dims()));
    }

    /** As files write it: contiguous dimension first, without the last ones of 1. */
    private static String shape(long[] dims) {
        int n = dims.length;
        while (n > 1 && dims[n - 1] == 1) {
            n--;
        }
        return Arrays.toString(Arrays.copyOf(dims, n));
    }
}
