package dev.chaku.internal.arch;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderOptions;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The sizes of a dense decoder without a file: a known model's, for measurements on random weights.
 *
 * @param architecture the family's name
 * @param pairing of the rotation
 * @param layers L
 * @param width D
 * @param heads H
 * @param kvHeads Hkv
 * @param headDim Dh
 * @param ffWidth F
 * @param vocabSize V
 * @param contextLength in tokens
 * @param ropeBase base of the rotation
 * @param tied whether the embedding also serves as output projection
 * @param qkvBias whether query, key and value have biases
 * @param qkNorm whether query and key heads are normalised
 */
public record DenseShape(
        String architecture,
        RopeSpec.Pairing pairing,
        int layers,
        int width,
        int heads,
        int kvHeads,
        int headDim,
        int ffWidth,
        int vocabSize,
        int contextLength,
        double ropeBase,
        boolean tied,
        boolean qkvBias,
        boolean qkNorm) {

    private static final float NORM_EPSILON = 1e-5f;

    /** The same with another number of tokens. */
    public DenseShape withVocab(int tokens) {
        return new DenseShape(
                architecture,
                pairing,
                layers,
                width,
                heads,
                kvHeads,
                headDim,
                ffWidth,
                tokens,
                contextLength,
                ropeBase,
                tied,
                qkvBias,
                qkNorm);
    }

    /** The decoder of this shape with its matrices in the formats of a mix. */
    public DecoderSpec spec(FormatMix mix) {
        LayerOptions layer = new LayerOptions(heads, kvHeads, headDim, ffWidth);
        return new DecoderSpec(
                architecture,
                contextLength,
                new DecoderOptions(layers, width, vocabSize, NORM_EPSILON),
                List.of(new RopeSpec(pairing, 1, RopeScaling.plain(headDim, ropeBase))),
                Collections.nCopies(layers, layer),
                tensors(mix));
    }

    private List<TensorSpec> tensors(FormatMix mix) {
        List<TensorSpec> plain = tensors();
        List<String> names = plain.stream().map(TensorSpec::name).toList();
        TensorFormats formats =
                new TensorFormats(mix, new ModelFacts(architecture, layers, heads, kvHeads, 0), names, false);
        return plain.stream()
                .map(tensor -> tensor.rows() == 1 ? tensor : in(formats, tensor))
                .toList();
    }

    private static TensorSpec in(TensorFormats formats, TensorSpec tensor) {
        GgmlType type = TensorFormats.fitting(formats.of(tensor.name(), tensor.columns(), false), tensor.columns());
        return new TensorSpec(tensor.place(), tensor.kind(), type, tensor.rows(), tensor.columns());
    }

    /** All in F32. */
    private List<TensorSpec> tensors() {
        List<TensorSpec> tensors = new ArrayList<>();
        long queries = (long) heads * headDim;
        long keys = (long) kvHeads * headDim;
        add(tensors, DecoderModule.TOKEN_EMBEDDING.at(-1), vocabSize, width);
        for (int l = 0; l < layers; l++) {
            add(tensors, DecoderModule.ATTN_NORM.at(l), 1, width);
            add(tensors, DecoderModule.ATTN_Q.at(l), queries, width);
            add(tensors, DecoderModule.ATTN_K.at(l), keys, width);
            add(tensors, DecoderModule.ATTN_V.at(l), keys, width);
            add(tensors, DecoderModule.ATTN_OUTPUT.at(l), width, queries);
            if (qkvBias) {
                addBias(tensors, DecoderModule.ATTN_Q.at(l), queries);
                addBias(tensors, DecoderModule.ATTN_K.at(l), keys);
                addBias(tensors, DecoderModule.ATTN_V.at(l), keys);
            }
            if (qkNorm) {
                add(tensors, DecoderModule.ATTN_Q_NORM.at(l), 1, headDim);
                add(tensors, DecoderModule.ATTN_K_NORM.at(l), 1, headDim);
            }
            add(tensors, DecoderModule.FFN_NORM.at(l), 1, width);
            add(tensors, DecoderModule.FFN_GATE.at(l), ffWidth, width);
            add(tensors, DecoderModule.FFN_UP.at(l), ffWidth, width);
            add(tensors, DecoderModule.FFN_DOWN.at(l), width, ffWidth);
        }
        add(tensors, DecoderModule.OUTPUT_NORM.at(-1), 1, width);
        if (!tied) {
            add(tensors, DecoderModule.OUTPUT.at(-1), vocabSize, width);
        }
        return tensors;
    }

    private static void add(List<TensorSpec> to, DecoderModule.Place place, long rows, long columns) {
        to.add(new TensorSpec(place, TensorSpec.Kind.WEIGHT, GgmlType.F32, rows, columns));
    }

    private static void addBias(List<TensorSpec> to, DecoderModule.Place place, long size) {
        to.add(new TensorSpec(place, TensorSpec.Kind.BIAS, GgmlType.F32, 1, size));
    }
}
