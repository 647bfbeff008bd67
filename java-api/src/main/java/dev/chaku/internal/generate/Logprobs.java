package dev.chaku.internal.generate;

import dev.chaku.generate.TokenLogprob;
import dev.chaku.text.Tokenizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says how likely chosen tokens were. Not thread-safe. */
final class Logprobs {
    private final Candidates candidates;
    private final int top;
    private final @Nullable Tokenizer tokenizer;

    Logprobs(int vocabSize, int top, @Nullable Tokenizer tokenizer) {
        this.candidates = new Candidates(vocabSize);
        this.top = Math.min(top, vocabSize);
        this.tokenizer = tokenizer;
    }

    TokenLogprob of(int id, FloatBuffer logits) {
        candidates.load(logits);
        float chosen = candidates.logits[id];
        float max = candidates.maxLogit();
        double sum = 0;
        for (int i = 0; i < candidates.size(); i++) {
            sum += Softmax.exp(candidates.logits[i] - max);
        }
        double total = max + Math.log(sum);
        List<TokenLogprob> alternatives = new ArrayList<>(top);
        if (top > 0) {
            candidates.keepTop(top);
            for (int i = 0; i < top; i++) {
                alternatives.add(entry(candidates.ids[i], candidates.logits[i] - total, List.of()));
            }
        }
        return entry(id, chosen - total, alternatives);
    }

    private TokenLogprob entry(int id, double logprob, List<TokenLogprob> alternatives) {
        return new TokenLogprob(id, tokenizer == null ? "" : tokenizer.piece(id), logprob, alternatives);
    }
}
