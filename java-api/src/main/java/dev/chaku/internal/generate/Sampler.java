package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.SamplingOptions;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the next token from logits. Not thread-safe.
 *
 * <p>It learns the text through {@link #accept}: the prompt's tokens first, then each that was chosen.
 */
public final class Sampler {
    private final Candidates candidates;
    private final List<SamplerStage> stages;
    private final boolean greedy;
    private final SamplingRandom random;

    /**
     * A chain for the options, without a form.
     *
     * @param vocabSize V
     */
    public Sampler(SamplingOptions options, int vocabSize) {
        this(options, vocabSize, null);
    }

    /**
     * A chain for the options.
     *
     * @param vocabSize V
     * @param form what the text must be like; null for any text
     * @throws BadInputException if a bias is of a token that the vocabulary has not, or all its tokens are forbidden
     */
    Sampler(SamplingOptions options, int vocabSize, @Nullable FormGuide form) {
        requireTokens(options.biases(), vocabSize);
        this.candidates = new Candidates(vocabSize);
        this.greedy = options.temperature() == 0;
        this.random = new SamplingRandom(options.seed());
        this.stages = stages(options, form);
    }

    private static void requireTokens(Map<Integer, Float> biases, int vocabSize) {
        int forbidden = 0;
        for (Map.Entry<Integer, Float> bias : biases.entrySet()) {
            if (bias.getKey() >= vocabSize) {
                throw new BadInputException("logit bias: expected ids of tokens below " + vocabSize
                        + ", the size of the vocabulary, got " + bias.getKey());
            }
            forbidden += bias.getValue() == Float.NEGATIVE_INFINITY ? 1 : 0;
        }
        if (vocabSize > 0 && forbidden == vocabSize) {
            throw new BadInputException(
                    "logit bias: expected at least one token that may come, got all " + vocabSize + " forbidden");
        }
    }

    /** A chain of given stages, which the most likely of what is left or a random choice ends. */
    Sampler(List<SamplerStage> stages, int vocabSize, long seed) {
        this.candidates = new Candidates(vocabSize);
        this.greedy = false;
        this.random = new SamplingRandom(seed);
        this.stages = List.copyOf(stages);
    }

    /** @param guide the fork's, in place of this one's; null where there is no form */
    private Sampler(Sampler from, @Nullable FormGuide guide) {
        this.candidates = from.candidates;
        this.greedy = from.greedy;
        this.random = from.random.fork();
        this.stages = from.stages.stream()
                .map(stage -> stage instanceof FormGuide && guide != null ? guide : stage.fork(random))
                .toList();
    }

    /**
     * A sampler that goes on from here with the same random numbers and leaves this one as it is. They share the room
     * that they work in: one is asked at a time.
     *
     * @param guide that of the form there; null where there is none
     */
    Sampler fork(@Nullable FormGuide guide) {
        return new Sampler(this, guide);
    }

    private List<SamplerStage> stages(SamplingOptions options, @Nullable FormGuide form) {
        List<SamplerStage> chain = new ArrayList<>();
        if (!options.biases().isEmpty()) {
            chain.add(new LogitBias(options.biases()));
        }
        SamplingOptions.Repetition penalties = options.penalties();
        if (!penalties.isOff()) {
            chain.add(new Penalties(
                    penalties.lastTokens(), penalties.repeat(), penalties.frequency(), penalties.presence()));
        }
        if (form != null) {
            chain.add(form);
        }
        if (greedy) {
            return chain;
        }
        chain.add(new TopNSigma(options.topNSigma()));
        chain.add(new TopK(options.topK()));
        chain.add(new Typical(options.typicalP()));
        chain.add(new TopP(options.topP()));
        chain.add(new MinP(options.minP()));
        chain.add(new Xtc(options.exclusion().probability(), options.exclusion().threshold(), random));
        chain.add(new Temperature(options.temperature(), options.temperatureRange(), 1));
        return chain;
    }

    /**
     * Chooses.
     *
     * @param logits V floats from the position, which stays
     * @return the id chosen; the caller says {@link #accept} if it is used
     */
    public int sample(FloatBuffer logits) {
        Candidates left = filter(logits);
        if (greedy) {
            return left.ids[left.best()];
        }
        left.softmax();
        double target = random.next();
        int last = 0;
        double sum = 0;
        for (int i = 0; i < left.size(); i++) {
            if (left.keys[i] > 0) {
                last = i;
                sum += left.keys[i];
                if (sum > target) {
                    break;
                }
            }
        }
        return left.ids[last];
    }

    /** What the stages leave. */
    Candidates filter(FloatBuffer logits) {
        candidates.load(logits);
        for (SamplerStage stage : stages) {
            stage.apply(candidates);
        }
        return candidates;
    }

    /** Adds a token to the text that penalties look back on. */
    public void accept(int token) {
        stages.forEach(stage -> stage.accept(token));
    }
}
