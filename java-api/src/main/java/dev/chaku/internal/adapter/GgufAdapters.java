package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.huggingface.StagedFloats;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * LoRA adapters as GGUF files, in llama.cpp's layout: {@code X.weight.lora_a} with ne = [K, R] and
 * {@code X.weight.lora_b} with ne = [R, N], of experts [K, R, E] and [R, N, E]; one {@code adapter.lora.alpha} per
 * file. Of the token embedding, {@code lora_a} is the table with ne = [R, V] and {@code lora_b} has ne = [R, D]: the
 * first is B, the second A transposed.
 */
public final class GgufAdapters {
    private static final String A = ".weight.lora_a";
    private static final String B = ".weight.lora_b";
    private static final String ALPHA = "adapter.lora.alpha";
    private static final String WEIGHT = ".weight";

    /** Says that a saved embedding is the output projection, too. */
    private static final String BOTH_ENDS = "chaku.saved.both_ends";

    /** What may stand whole in a file. */
    private static final List<DecoderModule.Place> SAVED =
            List.of(DecoderModule.TOKEN_EMBEDDING.at(-1), DecoderModule.OUTPUT.at(-1));

    /** Tokens after which alone an adapter is to be worn. */
    private static final String INVOCATION = "adapter.alora.invocation_tokens";

    private GgufAdapters() {}

    /**
     * Reads an adapter of any float or block format the core decodes.
     *
     * @throws BadInputException if the file is damaged, no LoRA adapter, or its tensors do not pair up
     */
    public static AdapterWeights read(Path path) {
        GgufFile file = GgufFile.read(path);
        requireEquals(file, "general.type", "adapter");
        requireEquals(file, "adapter.type", "lora");
        if (file.metadata().has(INVOCATION)) {
            throw new BadInputException(
                    path + ": key " + INVOCATION
                            + " is not supported: it adapts only what follows these tokens, here an adapter is worn throughout");
        }
        String architecture = file.metadata().requireString("general.architecture");
        float alpha = file.metadata().requireFloat(ALPHA);
        if (!(alpha > 0) || Float.isInfinite(alpha)) {
            throw new BadInputException(path + ": key " + ALPHA + ": expected a number more than 0, found " + alpha);
        }
        List<LoraPair> pairs = new ArrayList<>();
        TensorDecoder decoder = new TensorDecoder();
        for (Map.Entry<String, GgufTensor[]> entry : pairUp(file).entrySet()) {
            pairs.add(pair(file, entry.getKey(), entry.getValue()[0], entry.getValue()[1], decoder));
        }
        List<SavedWeight> saved = saved(file, decoder);
        if (pairs.isEmpty() && saved.isEmpty()) {
            throw new BadInputException(path + ": expected tensors named …" + A + " and …" + B + ", found no tensor");
        }
        return new AdapterWeights(path.toString(), architecture, alpha, pairs, saved, file.metadata());
    }

    private static boolean isSaved(GgufTensor tensor) {
        return SAVED.stream().anyMatch(place -> tensor.name().equals(place.name() + WEIGHT));
    }

    /** In the order of {@link #SAVED}. */
    private static List<SavedWeight> saved(GgufFile file, TensorDecoder decoder) {
        List<SavedWeight> saved = new ArrayList<>();
        for (DecoderModule.Place place : SAVED) {
            file.findTensor(place.name() + WEIGHT).ifPresent(tensor -> {
                if (tensor.rank() != 2 || tensor.elements() > Integer.MAX_VALUE) {
                    throw new BadInputException(file.path() + ": tensor '" + tensor.name()
                            + "': expected dims [D, V] of at most " + Integer.MAX_VALUE + " elements, found "
                            + Arrays.toString(tensor.dims()));
                }
                saved.add(new SavedWeight(
                        place,
                        Math.toIntExact(tensor.dim(1)),
                        Math.toIntExact(tensor.dim(0)),
                        decode(file, tensor, decoder)));
            });
        }
        if (file.metadata().findBool(BOTH_ENDS).orElse(false)) {
            if (saved.size() != 1 || saved.get(0).place().module() != DecoderModule.TOKEN_EMBEDDING) {
                throw new BadInputException(file.path() + ": key " + BOTH_ENDS
                        + ": expected a tensor token_embd.weight and none output.weight beside it");
            }
            SavedWeight one = saved.get(0);
            saved.add(new SavedWeight(SAVED.get(1), one.rows(), one.columns(), one.values()));
        }
        return saved;
    }

    private static void requireEquals(GgufFile file, String key, String expected) {
        String found = file.metadata().findString(key).orElse("nothing");
        if (!found.equals(expected)) {
            throw new BadInputException(
                    file.path() + ": no LoRA adapter: key " + key + " expects \"" + expected + "\", found " + found);
        }
    }

    private static Map<String, GgufTensor[]> pairUp(GgufFile file) {
        Map<String, GgufTensor[]> pairs = new LinkedHashMap<>();
        for (GgufTensor tensor : file.tensors()) {
            if (isSaved(tensor)) {
                continue;
            }
            int half = tensor.name().endsWith(A) ? 0 : tensor.name().endsWith(B) ? 1 : -1;
            if (half < 0) {
                throw new BadInputException(
                        file.path() + ": tensor '" + tensor.name() + "': expected a name that ends in " + A + " or " + B
                                + ", or token_embd.weight or output.weight");
            }
            String name = tensor.name().substring(0, tensor.name().length() - A.length());
            pairs.computeIfAbsent(name, unused -> new GgufTensor[2])[half] = tensor;
        }
        pairs.forEach((name, halves) -> {
            if (halves[0] == null || halves[1] == null) {
                throw new BadInputException(file.path() + ": tensor '" + name + (halves[0] == null ? B : A)
                        + "' has no '" + name + (halves[0] == null ? A : B) + "'");
            }
        });
        return pairs;
    }

    private static LoraPair pair(GgufFile file, String name, GgufTensor a, GgufTensor b, TensorDecoder decoder) {
        DecoderModule.Place place = DecoderModule.parse(name)
                .filter(found -> found.module().isAdaptable())
                .orElseThrow(() -> new BadInputException(
                        file.path() + ": tensor '" + a.name() + "': this version adapts no such module; it adapts "
                                + "attn_q, attn_k, attn_v, attn_qkv, attn_output, ffn_gate, ffn_up, ffn_down, the last three also with _exps "
                                + "and _shexp, output and token_embd"));
        if (place.module() == DecoderModule.TOKEN_EMBEDDING) {
            return embedding(file, place, a, b, decoder);
        }
        int dims = place.module().isStacked() ? 3 : 2;
        if (a.rank() != dims || b.rank() != dims || a.dim(1) != b.dim(0) || a.dim(1) < 1 || a.dim(2) != b.dim(2)) {
            String experts = dims == 3 ? ", E" : "";
            throw new BadInputException(file.path() + ": tensors '" + a.name() + "' and '" + b.name()
                    + "': expected dims [K, rank" + experts
                    + "] and [rank, N" + experts + "], found " + Arrays.toString(a.dims()) + " and "
                    + Arrays.toString(b.dims()));
        }
        if (a.elements() > Integer.MAX_VALUE || b.elements() > Integer.MAX_VALUE) {
            throw new BadInputException(
                    file.path() + ": tensors '" + a.name() + "' and '" + b.name() + "': expected at most "
                            + Integer.MAX_VALUE + " elements, found " + a.elements() + " and " + b.elements());
        }
        return new LoraPair(
                place,
                Math.toIntExact(a.dim(2)),
                Math.toIntExact(a.dim(1)),
                Math.toIntExact(a.dim(0)),
                Math.toIntExact(b.dim(1)),
                decode(file, a, decoder),
                decode(file, b, decoder));
    }

    /** The format of a pair's A in the file that it was read from. */
    static String type(GgufFile file, LoraPair pair) {
        return file.requireTensor(pair.place().name() + A).type().toString();
    }

    private static LoraPair embedding(
            GgufFile file, DecoderModule.Place place, GgufTensor a, GgufTensor b, TensorDecoder decoder) {
        boolean two = a.rank() == 2 && b.rank() == 2;
        if (!two || a.dim(0) != b.dim(0) || a.dim(0) < 1 || Math.max(a.elements(), b.elements()) > Integer.MAX_VALUE) {
            throw new BadInputException(file.path() + ": tensors '" + a.name() + "' and '" + b.name()
                    + "': expected dims [rank, V] and [rank, D], found " + Arrays.toString(a.dims()) + " and "
                    + Arrays.toString(b.dims()));
        }
        int rank = Math.toIntExact(a.dim(0));
        int width = Math.toIntExact(b.dim(1));
        float[] turned = Transposed.of(decode(file, b, decoder), width, rank);
        return new LoraPair(place, rank, width, Math.toIntExact(a.dim(1)), turned, decode(file, a, decoder));
    }

    private static float[] decode(GgufFile file, GgufTensor tensor, TensorDecoder decoder) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        if (tensor.bytes() > Integer.MAX_VALUE) {
            throw new BadInputException(file.path() + ": tensor '" + tensor.name() + "': expected at most "
                    + Integer.MAX_VALUE + " bytes, found " + tensor.bytes());
        }
        decoder.decode(file, tensor, values);
        return values;
    }

    /**
     * Writes an adapter in F32, beside the target and then renamed.
     *
     * @param extra key values beside the required ones
     * @throws BadInputException if a value is not finite, or the file exists and may not be replaced
     * @throws dev.chaku.errors.ResourceException if the disk is full
     */
    public static void write(
            Path path,
            String architecture,
            float alpha,
            List<LoraPair> pairs,
            Map<String, GgufValue> extra,
            boolean overwrite) {
        write(path, architecture, alpha, pairs, List.of(), extra, overwrite);
    }

    /**
     * The same with weights in place of the base's, as tensors of their names: what llama.cpp refuses to load.
     *
     * @param saved the token embedding, the output projection or both
     */
    public static void write(
            Path path,
            String architecture,
            float alpha,
            List<LoraPair> pairs,
            List<SavedWeight> saved,
            Map<String, GgufValue> extra,
            boolean overwrite) {
        GgufWriter writer = GgufWriter.to(path)
                .overwrite(overwrite)
                .put("general.type", "adapter")
                .put("general.architecture", architecture)
                .put("adapter.type", "lora")
                .put(ALPHA, alpha);
        extra.forEach((key, value) -> {
            if (!key.equals(BOTH_ENDS)) {
                writer.put(key, value);
            }
        });
        boolean one = SavedWeight.isOne(saved);
        if (one) {
            writer.put(BOTH_ENDS, true);
        }
        pairs.forEach(pair -> pair.requireFinite(path.toString()));
        StagedFloats staged = new StagedFloats();
        pairs.forEach(pair -> add(writer, pair, staged));
        for (SavedWeight weight : one ? saved.subList(0, 1) : saved) {
            weight.requireFinite(path.toString());
            writer.tensor(
                    weight.place().name() + WEIGHT,
                    GgmlType.F32,
                    new long[] {weight.columns(), weight.rows()},
                    out -> staged.write(FloatBuffer.wrap(weight.values()), out::write));
        }
        writer.write();
    }

    private static void add(GgufWriter writer, LoraPair pair, StagedFloats staged) {
        boolean embedding = pair.place().module() == DecoderModule.TOKEN_EMBEDDING;
        String name = pair.place().name();
        long[] aDims = embedding ? new long[] {pair.rank(), pair.outputs()} : dims(pair, pair.inputs(), pair.rank());
        long[] bDims = embedding ? new long[] {pair.rank(), pair.inputs()} : dims(pair, pair.rank(), pair.outputs());
        float[] first = embedding ? pair.b() : pair.a();
        float[] second = embedding ? Transposed.of(pair.a(), pair.rank(), pair.inputs()) : pair.b();
        writer.tensor(name + A, GgmlType.F32, aDims, out -> staged.write(FloatBuffer.wrap(first), out::write));
        writer.tensor(name + B, GgmlType.F32, bDims, out -> staged.write(FloatBuffer.wrap(second), out::write));
    }

    private static long[] dims(LoraPair pair, long columns, long rows) {
        return pair.place().module().isStacked()
                ? new long[] {columns, rows, pair.experts()}
                : new long[] {columns, rows};
    }
}
