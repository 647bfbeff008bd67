package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Trains a byte-level BPE vocabulary: begins with the 256 bytes and merges the most frequent pair of neighbours, again
 * and again, until the vocabulary has its size.
 *
 * <p>The same texts in the same order give the same vocabulary. Distinct words are held in memory with their counts,
 * the texts are not. Not thread-safe.
 */
public final class BpeTrainer {
    /** A pair seen less often is not worth a token. */
    private static final int LEAST_COUNT = 2;

    private final int vocabSize;
    private final List<String> specials = new ArrayList<>();
    private String preTokenizer = "qwen2";
    private @Nullable String bos;
    private @Nullable String eos;

    /**
     * A trainer.
     *
     * @param vocabSize the number of tokens to reach, bytes and special ones included; a small text may give fewer
     */
    public BpeTrainer(int vocabSize) {
        this.vocabSize = vocabSize;
    }

    /**
     * Adds a special token, a control token with the next id at the end; texts are split where they spell it out.
     *
     * @param token its spelling, which no other token has
     * @return this
     */
    public BpeTrainer special(String token) {
        if (token.isEmpty() || specials.contains(token)) {
            throw new BadInputException("a special token expects a spelling of its own, found '" + token + "'");
        }
        specials.add(token);
        return this;
    }

    /**
     * Adds a special token that goes before every text.
     *
     * @param token its spelling, which no other token has
     * @return this
     */
    public BpeTrainer bos(String token) {
        special(token);
        bos = token;
        return this;
    }

    /**
     * Adds a special token that ends generated text.
     *
     * @param token its spelling, which no other token has
     * @return this
     */
    public BpeTrainer eos(String token) {
        special(token);
        eos = token;
        return this;
    }

    /**
     * The name of the way to cut text into words, as in {@code tokenizer.ggml.pre}; {@code qwen2} unless set.
     *
     * @param name as in {@code tokenizer.ggml.pre}
     * @return this
     * @throws BadInputException if the name is not known
     */
    public BpeTrainer preTokenizer(String name) {
        PreTokenizer.ofName("BPE trainer", name);
        preTokenizer = name;
        return this;
    }

    /**
     * Trains on texts.
     *
     * @param texts read more than once
     * @return the vocabulary
     * @throws BadInputException if the size leaves no room for the bytes and the special tokens
     */
    public BpeVocabulary train(Iterable<String> texts) {
        int ordinary = vocabSize - specials.size();
        if (ordinary < 256) {
            throw new BadInputException("a vocabulary with " + specials.size()
                    + " special tokens expects a size of at least " + (256 + specials.size()) + ", found " + vocabSize);
        }
        WordCounts words = count(texts);
        BpeTraining training = new BpeTraining(words.table(), words.counts());
        training.run(ordinary, LEAST_COUNT, new HashSet<>(specials));
        List<String> tokens = training.tokens();
        int firstSpecial = tokens.size();
        tokens.addAll(specials);
        return new BpeVocabulary(
                tokens, training.merges(), specials.size(), preTokenizer, id(bos, firstSpecial), id(eos, firstSpecial));
    }

    private OptionalInt id(@Nullable String special, int firstSpecial) {
        return special == null ? OptionalInt.empty() : OptionalInt.of(firstSpecial + specials.indexOf(special));
    }

    private record WordCounts(TokenTable table, List<Long> counts) {}

    private WordCounts count(Iterable<String> texts) {
        WordCounts words = new WordCounts(new TokenTable(1 << 12), new ArrayList<>());
        PreTokenizer rules = PreTokenizer.ofName("BPE trainer", preTokenizer);
        Pattern specialPattern = specialPattern();
        for (String text : texts) {
            Matcher matcher = specialPattern.matcher(text);
            int from = 0;
            while (!specials.isEmpty() && matcher.find()) {
                count(text.substring(from, matcher.start()), rules, words);
                from = matcher.end();
            }
            count(text.substring(from), rules, words);
        }
        return words;
    }

    private Pattern specialPattern() {
        return Pattern.compile(specials.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    private static void count(String text, PreTokenizer rules, WordCounts words) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length == 0) {
            return;
        }
        rules.split(utf8, 0, utf8.length, (from, to) -> {
            int id = words.table().intern(utf8, from, to);
            if (id == words.counts().size()) {
                words.counts().add(1L);
            } else {
                words.counts().set(id, words.counts().get(id) + 1);
            }
        });
    }
}
