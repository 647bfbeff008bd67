package dev.chaku.cli;

import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.errors.InternalException;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * How fast a text is generated that repeats what it was given, with drafts and without in turns. A model of a file goes
 * on with what its prompt repeats. One of random weights does not: by biases it says one token over and over, and
 * another now and then, so that its text is a copy with a few changes.
 */
final class DraftBench {
    private static final int ROUNDS = 5;
    private static final float BIAS = 1000;
    /** Of the other token, which comes about once in some hundred times. */
    private static final float LESS = 6;
    /** Tokens of what the prompt repeats. */
    private static final int PHRASE = 48;

    private final Model model;
    private final @Nullable Model draft;
    private final DraftOptions options;

    /** @param draft what drafts; null where drafts are looked up */
    DraftBench(Model model, @Nullable Model draft, DraftOptions options) {
        this.model = model;
        this.draft = draft;
        this.options = options;
    }

    /** Measures some rounds after a warm-up, and checks that drafts change no token. */
    Map<String, Object> measure(int promptTokens, int genTokens, Console console) {
        Random random = new Random(4);
        List<Double> plain = new ArrayList<>();
        List<Double> drafted = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        int tokens = 0;
        int accepted = 0;
        for (int round = 0; round <= ROUNDS; round++) {
            int[] phrase = random.ints(PHRASE, 0, model.vocabSize()).toArray();
            int[] prompt = new int[promptTokens];
            Arrays.setAll(prompt, i -> phrase[i % PHRASE]);
            Generation without = generator(prompt, genTokens, round).generate();
            Generator with = generator(prompt, genTokens, round);
            options.apply(with, draft);
            Generation got = with.generate();
            if (!Arrays.equals(without.tokens(), got.tokens())) {
                throw new InternalException("drafts changed the tokens of a text: " + Arrays.toString(without.tokens())
                        + " became " + Arrays.toString(got.tokens()));
            }
            console.note(String.format(
                    Locale.ROOT,
                    "drafts, round %d of %d%s: %.1f tokens/s, %.1f without",
                    round,
                    ROUNDS,
                    round == 0 ? " (warm-up)" : "",
                    got.decodeTokensPerSecond(),
                    without.decodeTokensPerSecond()));
            if (round > 0) {
                plain.add(without.decodeTokensPerSecond());
                drafted.add(got.decodeTokensPerSecond());
                ratios.add(got.decodeTokensPerSecond() / without.decodeTokensPerSecond());
                tokens += got.draftedTokens();
                accepted += got.acceptedTokens();
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("plain_tokens_per_s", BenchCommand.median(plain));
        fields.put("tokens_per_s", BenchCommand.median(drafted));
        fields.put("speedup", BenchCommand.median(ratios));
        fields.put("drafted_tokens", tokens);
        fields.put("accepted_tokens", accepted);
        return fields;
    }

    private Generator generator(int[] prompt, int genTokens, int seed) {
        return model.generator()
                .tokens(prompt)
                .maxTokens(genTokens)
                .sampling(
                        model.path().isPresent()
                                ? SamplingOptions.greedy()
                                : copies(prompt).withSeed(seed))
                .endless(true);
    }

    private static SamplingOptions copies(int[] prompt) {
        return SamplingOptions.defaults()
                .withTemperature(1)
                .withBiases(Map.of(prompt[0], BIAS, prompt[1], BIAS - LESS));
    }

    static String line(Map<?, ?> fields) {
        return String.format(
                Locale.ROOT,
                "%-20s %.1f tokens/s, %.1f without: %.2f times as fast, %s of %s drafted tokens came",
                "drafts",
                fields.get("tokens_per_s"),
                fields.get("plain_tokens_per_s"),
                fields.get("speedup"),
                fields.get("accepted_tokens"),
                fields.get("drafted_tokens"));
    }
}
