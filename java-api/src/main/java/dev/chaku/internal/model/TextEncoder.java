package dev.chaku.internal.model;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineEncoder;
import dev.chaku.internal.engine.EngineEncoder.Text;
import dev.chaku.internal.engine.VectorOptions.Pooling;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Texts of any number to rows, through an encoder that grows with the longest. One thread at a time; closed, it makes
 * itself anew when it is used again.
 */
public final class TextEncoder implements AutoCloseable {
    /** Tokens whose activations stay near the processor. */
    private static final int BATCH = 512;

    /** Tokens of one call into the engine, between which an interrupt is heard. */
    private static final int CALL = 16 * BATCH;

    private final LoadedModel model;
    private final long memoryLimitBytes;
    private @Nullable EngineEncoder encoder;
    private int room;

    public TextEncoder(LoadedModel model, long memoryLimitBytes) {
        this.model = model;
        this.memoryLimitBytes = memoryLimitBytes;
    }

    /** What rows have: the model's width, or what its head gives. */
    public int width(boolean head) {
        int given = model.spec().vectors().headWidth();
        return head && given > 0 ? given : model.spec().decoder().width();
    }

    /** The row of each text, in the order of the texts; texts of about the same length are computed together. */
    public List<float[]> rows(List<Text> texts, Pooling pooling, boolean head) {
        model.requireOpen();
        float[][] rows = new float[texts.size()][];
        List<Integer> order = IntStream.range(0, texts.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).tokens().length))
                .toList();
        int width = width(head);
        for (int from = 0; from < order.size(); ) {
            Interruption.check("embedding");
            List<Text> part = new ArrayList<>();
            int tokens = 0;
            while (from + part.size() < order.size() && (part.isEmpty() || tokens < CALL)) {
                Text text = texts.get(order.get(from + part.size()));
                tokens += text.tokens().length;
                part.add(text);
            }
            FloatBuffer out = DirectBuffers.floats(Math.multiplyExact(part.size(), width));
            ready(longest(part)).compute(part, pooling, head, out);
            for (int i = 0; i < part.size(); i++) {
                float[] row = new float[width];
                out.get(i * width, row);
                rows[order.get(from + i)] = row;
            }
            from += part.size();
        }
        return List.of(rows);
    }

    /** The last state of each token. */
    public float[][] states(int[] tokens) {
        model.requireOpen();
        model.requireLength(tokens.length);
        int width = width(false);
        FloatBuffer out = DirectBuffers.floats(Math.multiplyExact(tokens.length, width));
        Text text = new Text(tokens, tokens.length);
        ready(tokens.length).compute(List.of(text), Pooling.NONE, false, out);
        float[][] states = new float[tokens.length][width];
        for (int i = 0; i < tokens.length; i++) {
            out.get(i * width, states[i]);
        }
        return states;
    }

    /**
     * Cuts a text to a number of tokens, of which the last stays the text's last where that ends texts.
     *
     * @param what the text is, for messages
     * @throws BadInputException if it is longer and may not be cut, or has no tokens
     */
    public static int[] fit(int[] tokens, int most, boolean truncates, String what) {
        if (tokens.length == 0) {
            throw new BadInputException(what + ": expected at least one token, found none");
        }
        if (tokens.length <= most) {
            return tokens;
        }
        if (!truncates) {
            throw new BadInputException(
                    what + ": expected at most " + most + " tokens, found " + tokens.length + "; cut it, or truncate");
        }
        int[] cut = Arrays.copyOf(tokens, most);
        cut[most - 1] = tokens[tokens.length - 1];
        return cut;
    }

    private static int longest(List<Text> texts) {
        return texts.stream().mapToInt(text -> text.tokens().length).max().orElse(1);
    }

    private EngineEncoder ready(int longest) {
        EngineEncoder made = encoder;
        if (made == null || room < longest) {
            close();
            room = Math.max(BATCH, longest);
            made = model.core().encoder(new EngineEncoder.Options(room, memoryLimitBytes));
            encoder = made;
        }
        return made;
    }

    @Override
    public void close() {
        if (encoder != null) {
            encoder.close();
            encoder = null;
        }
    }
}
