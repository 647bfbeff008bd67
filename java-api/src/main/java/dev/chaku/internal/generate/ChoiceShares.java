package dev.chaku.internal.generate;

import dev.chaku.generate.OutputForm;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.generate.grammar.FormCursor;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How likely each of some labels is. Each token that may come next has its share of the probability; where it fits one
 * label alone, that is the label's. Where it fits several, the tokens after it tell them apart if it is the one chosen.
 * Not thread-safe.
 */
final class ChoiceShares {
    private final CompiledForm form;
    private final List<byte[]> labels = new ArrayList<>();
    private final List<String> names;
    private final double[] shares;
    private final int[] ids;

    /** Labels that the text so far can become. */
    private List<Integer> possible = new ArrayList<>();

    private int length;

    /** Probability of the way that was taken so far. */
    private double taken = 1;

    /** Probabilities of the tokens that may come next, since the last observation. */
    private final Map<Integer, Double> next = new HashMap<>();

    ChoiceShares(OutputForm.Choices choices, CompiledForm form) {
        this.form = form;
        this.names = choices.labels();
        this.shares = new double[names.size()];
        this.ids = new int[form.vocabSize()];
        for (String name : names) {
            possible.add(labels.size());
            labels.add(name.getBytes(StandardCharsets.UTF_8));
        }
        if (names.size() == 1) {
            shares[0] = 1;
        }
    }

    void observe(FormCursor cursor, FloatBuffer logits) {
        next.clear();
        int n = cursor.allowed(ids);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, logits.get(logits.position() + ids[i]));
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double weight = Math.exp(logits.get(logits.position() + ids[i]) - max);
            next.put(ids[i], weight);
            sum += weight;
        }
        for (int i = 0; i < n; i++) {
            double share = next.get(ids[i]) / sum;
            next.put(ids[i], share);
            List<Integer> left = fitting(ids[i]);
            if (left.size() == 1) {
                shares[left.get(0)] += taken * share;
            }
        }
    }

    /** Labels that go on with a token; one that ends the text fits the label that is whole. */
    private List<Integer> fitting(int token) {
        byte[] bytes = form.bytes(token);
        List<Integer> fitting = new ArrayList<>();
        for (int label : possible) {
            byte[] text = labels.get(label);
            int end = length + bytes.length;
            boolean fits = bytes.length == 0
                    ? text.length == length
                    : text.length >= end && Arrays.equals(text, length, end, bytes, 0, bytes.length);
            if (fits) {
                fitting.add(label);
            }
        }
        return fitting;
    }

    void advance(int token) {
        possible = fitting(token);
        length += form.bytes(token).length;
        // A token that was forced was not observed: it is certain.
        taken *= next.isEmpty() ? 1 : next.getOrDefault(token, 0.0);
        next.clear();
    }

    /** The share of each label that was told apart from others, in the order of the labels. */
    Map<String, Double> shares() {
        Map<String, Double> told = new LinkedHashMap<>();
        for (int i = 0; i < shares.length; i++) {
            if (shares[i] > 0) {
                told.put(names.get(i), shares[i]);
            }
        }
        return told;
    }
}
