package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.text.Vocabulary.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Makes tokenizers from the {@code tokenizer.ggml.*} metadata of GGUF files: SentencePiece ({@code llama}), byte-level
 * BPE ({@code gpt2}), BPE of characters ({@code gemma4}), WordPiece ({@code bert}) and Unigram ({@code t5}). They give
 * the ids that llama.cpp gives, and where that differs from the tokenizer.json that a file was made from, the ids of
 * the tokenizer.json (docs/tokenizers.md).
 */
public final class Tokenizers {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final String MERGE_IDS = "chaku.tokenizer.merge_token_ids";
    private static final String SPACES = "chaku.tokenizer.space_prefix";
    private static final int NONE = Vocabulary.NONE;

    private Tokenizers() {}

    /**
     * {@return the tokenizer of a model file, see {@link #of(GgufMetadata)}}
     *
     * @param file a model file with a tokenizer
     */
    public static Tokenizer of(GgufFile file) {
        return of(file.metadata());
    }

    /**
     * {@return the tokenizer that metadata describe, which is immutable and thread-safe}
     *
     * @param metadata key values of a model file
     * @throws BadInputException if the kind of tokenizer or pre-tokenizer is not known, which names it and those that
     *     are, or if the vocabulary is missing or contradicts itself
     */
    public static Tokenizer of(GgufMetadata metadata) {
        String model = metadata.requireString(MODEL);
        return switch (model) {
            case "llama" -> sentencePiece(metadata);
            case "gpt2" -> bytePairs(metadata);
            case "gemma4" -> characterPairs(metadata);
            case "bert" -> wordPiece(metadata);
            case "t5" -> unigram(metadata);
            default ->
                throw new BadInputException(metadata.source() + ": metadata key '" + MODEL
                        + "' names the unknown tokenizer '" + model + "'; known are llama, gpt2, gemma4, bert, t5");
        };
    }

    /**
     * {@return the token with which the chat template in the metadata ends an assistant's turn, if it writes none that
     * ends a text by its spelling or by a key}
     *
     * @param metadata key values of a model file
     * @throws BadInputException if the vocabulary is missing or contradicts itself
     */
    public static OptionalInt turnEnd(GgufMetadata metadata) {
        int id = new Vocabulary(metadata, new Settings(NONE, NONE, NONE, NONE, false, false, false, false, false))
                .turnEnd();
        return id == NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private static Tokenizer sentencePiece(GgufMetadata metadata) {
        Vocabulary vocabulary = new Vocabulary(metadata, new Settings(1, 2, 0, NONE, true, false, true, true, false));
        SpmEncoder.Spaces spaces = spaces(metadata, vocabulary.addSpacePrefix());
        boolean split = metadata.findBool("chaku.tokenizer.split_spaces").orElse(false);
        boolean fuses = metadata.findBool("chaku.tokenizer.fuse_unknown").orElse(false);
        return new GgufTokenizer(
                vocabulary,
                new SpmEncoder(
                        vocabulary,
                        spaces,
                        split ? SpmEncoder.Cuts.SPACES : SpmEncoder.Cuts.TEXT,
                        fuses,
                        merges(metadata, vocabulary.size())),
                new Detokenizer(vocabulary, false),
                bosAndEos(vocabulary),
                normalizer(metadata));
    }

    private static SpmEncoder.Spaces spaces(GgufMetadata metadata, boolean prefixed) {
        Optional<String> own = metadata.findString(SPACES);
        if (own.isEmpty()) {
            return prefixed ? SpmEncoder.Spaces.PREFIXED : SpmEncoder.Spaces.ESCAPED;
        }
        return switch (own.get()) {
            case "always" -> SpmEncoder.Spaces.ALWAYS_ONE;
            case "first" -> SpmEncoder.Spaces.FIRST_ONE;
            case "never" -> SpmEncoder.Spaces.ESCAPED;
            case "normalized" -> SpmEncoder.Spaces.NORMALIZED;
            default ->
                throw new BadInputException(metadata.source() + ": metadata key '" + SPACES
                        + "' expects always, first, never or normalized, found '" + own.get() + "'");
        };
    }

    private static @Nullable PairTable merges(GgufMetadata metadata, int vocabSize) {
        GgufArray.Numbers ids = metadata.findNumbers(MERGE_IDS).orElse(null);
        if (ids == null) {
            return null;
        }
        PairTable merges = new PairTable(ids.size() / 2);
        for (int i = 0; i < ids.size() / 2; i++) {
            long left = ids.longAt(2 * i);
            long right = ids.longAt(2 * i + 1);
            if (left < 0 || left >= vocabSize || right < 0 || right >= vocabSize) {
                throw new BadInputException(metadata.source() + ": metadata key '" + MERGE_IDS + "' expects ids below "
                        + vocabSize + ", found " + left + ", " + right);
            }
            merges.putIfAbsent((int) left, (int) right, i);
        }
        return merges;
    }

    /**
     * Gemma 4: characters are merged by the rank of their pair as byte-level BPE does it, and what is no token becomes
     * its bytes. Each text begins with BOS, whatever the file says: early ones say that none does.
     */
    private static Tokenizer characterPairs(GgufMetadata metadata) {
        Vocabulary vocabulary = new Vocabulary(metadata, new Settings(2, 1, 3, NONE, true, false, false, false, false));
        return new GgufTokenizer(
                vocabulary,
                new SpmEncoder(
                        vocabulary,
                        SpmEncoder.Spaces.ESCAPED,
                        SpmEncoder.Cuts.NEWLINES,
                        false,
                        mergesOfSpellings(metadata, vocabulary)),
                new Detokenizer(vocabulary, false),
                new GgufTokenizer.Frame(
                        vocabulary.settings().bos(), bosAndEos(vocabulary).after()),
                normalizer(metadata));
    }

    /** Two tokens with a space between them, each; no token has a space, which are written U+2581. */
    private static PairTable mergesOfSpellings(GgufMetadata metadata, Vocabulary vocabulary) {
        GgufArray.Strings texts = metadata.requireStrings(MERGES);
        PairTable merges = new PairTable(texts.size());
        for (int rank = 0; rank < texts.size(); rank++) {
            byte[] merge = texts.bytesAt(rank);
            int space = 1;
            while (space < merge.length && merge[space] != ' ') {
                space++;
            }
            int left = vocabulary.find(merge, 0, Math.min(space, merge.length));
            int right = space < merge.length ? vocabulary.find(merge, space + 1, merge.length) : NONE;
            if (left < 0 || right < 0) {
                throw new BadInputException(metadata.source() + ": metadata key '" + MERGES
                        + "' expects two tokens and a space between them, found '" + texts.get(rank) + "' as " + rank);
            }
            merges.putIfAbsent(left, right, rank);
        }
        return merges;
    }

    private static @Nullable TextNormalizer normalizer(GgufMetadata metadata) {
        return TextNormalizer.of(metadata).orElse(null);
    }

    private static Tokenizer bytePairs(GgufMetadata metadata) {
        // An absent name means the default, which few models were trained with, but which llama.cpp takes as well.
        String name = metadata.findString("tokenizer.ggml.pre")
                .filter(pre -> !pre.isEmpty())
                .orElse("default");
        PreTokenizer words = PreTokenizer.ofName(metadata.source(), name);
        int bos = words.hasDefaultBos() ? 11 : NONE;
        Vocabulary vocabulary = new Vocabulary(
                metadata, new Settings(bos, 11, NONE, NONE, words.addBos(), false, false, false, words.cleanSpaces()));
        // Kimi K2's converter writes no merges: its words are tokens, or bytes.
        GgufArray.Strings merges = name.equals("kimi-k2") && !metadata.has(MERGES)
                ? GgufArray.Strings.of(List.of())
                : metadata.requireStrings(MERGES);
        BpeMerges bpe = new BpeMerges(metadata.requireStrings("tokenizer.ggml.tokens"), merges);
        boolean prefixed = spaces(metadata, false) == SpmEncoder.Spaces.ALWAYS_ONE;
        boolean whole = metadata.findBool("chaku.tokenizer.ignore_merges").orElse(words.ignoreMerges());
        return new GgufTokenizer(
                vocabulary,
                new BpeEncoder(words, bpe, whole, prefixed),
                new Detokenizer(vocabulary, true),
                bosAndEos(vocabulary),
                normalizer(metadata));
    }

    private static Tokenizer wordPiece(GgufMetadata metadata) {
        Vocabulary vocabulary =
                new Vocabulary(metadata, new Settings(101, NONE, 100, 102, true, false, false, false, true));
        Settings settings = vocabulary.settings();
        if (settings.bos() == NONE || settings.separator() == NONE) {
            throw new BadInputException(
                    metadata.source() + ": a WordPiece vocabulary expects a token before and one after each text, "
                            + "'tokenizer.ggml.bos_token_id' and 'tokenizer.ggml.seperator_token_id', found "
                            + (settings.bos() == NONE ? "no first" : "no second"));
        }
        boolean lowercase =
                metadata.findBool("tokenizer.ggml.normalizer.lowercase").orElse(true);
        boolean stripAccents =
                metadata.findBool("tokenizer.ggml.normalizer.strip_accents").orElse(lowercase);
        int longest = metadata.findInt("chaku.tokenizer.longest_word").orElse(Integer.MAX_VALUE);
        return new GgufTokenizer(
                vocabulary,
                normalizer(metadata) == null
                        ? new WordPieceEncoder(vocabulary, lowercase, stripAccents, longest)
                        : new WordPieceEncoder(vocabulary, false, false, longest),
                new Detokenizer(vocabulary, false),
                new GgufTokenizer.Frame(settings.bos(), settings.separator()),
                normalizer(metadata));
    }

    /**
     * SentencePiece Unigram: files of ours say what a tokenizer.json does with spaces, others what SentencePiece does.
     */
    private static Tokenizer unigram(GgufMetadata metadata) {
        Vocabulary vocabulary =
                new Vocabulary(metadata, new Settings(NONE, 1, 2, NONE, false, true, false, true, false));
        boolean prefixed = vocabulary.addSpacePrefix();
        UnigramEncoder.Escaping escaping;
        if (metadata.has(SPACES)) {
            SpmEncoder.Spaces spaces = spaces(metadata, prefixed);
            escaping = (utf8, from, to, first) -> SpaceMarks.escape(spaces, utf8, from, to, first);
        } else {
            CharacterTable table = CharacterTable.of(metadata).orElse(null);
            boolean merges =
                    metadata.findBool("tokenizer.ggml.remove_extra_whitespaces").orElse(false);
            SpmEncoder.Spaces spaces = prefixed ? SpmEncoder.Spaces.PREFIXED : SpmEncoder.Spaces.ESCAPED;
            escaping = (utf8, from, to, first) -> {
                byte[] text = table == null ? Arrays.copyOfRange(utf8, from, to) : table.replaceLongest(utf8, from, to);
                return merges
                        ? SpaceMarks.escapeMerged(text, prefixed)
                        : text.length == 0 ? text : SpaceMarks.escape(spaces, text, 0, text.length, first);
            };
        }
        boolean split = metadata.findBool("chaku.tokenizer.split_spaces").orElse(false);
        return new GgufTokenizer(
                vocabulary,
                new UnigramEncoder(vocabulary, escaping, split),
                new Detokenizer(vocabulary, false),
                bosAndEos(vocabulary),
                normalizer(metadata));
    }

    private static GgufTokenizer.Frame bosAndEos(Vocabulary vocabulary) {
        Settings settings = vocabulary.settings();
        return new GgufTokenizer.Frame(
                settings.addBos() ? settings.bos() : NONE, settings.addEos() ? settings.eos() : NONE);
    }
}
