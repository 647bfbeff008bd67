package dev.chaku.text;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A vocabulary, a way to encode plain text, and what stands around a text. */
final class GgufTokenizer implements Tokenizer {
    private static final Frame NO_FRAME = new Frame(Vocabulary.NONE, Vocabulary.NONE);

    private final Vocabulary vocabulary;
    private final PlainEncoder encoder;
    private final SpecialTokens specials;
    private final Detokenizer detokenizer;
    private final Frame frame;
    private final @Nullable Normalization normalization;

    /** What is done to text between special tokens, and the special tokens that are looked for afterwards. */
    private record Normalization(TextNormalizer normalizer, SpecialTokens specials) {}

    /** What goes around a text; {@link Vocabulary#NONE} for nothing. */
    record Frame(int before, int after) {}

    GgufTokenizer(
            Vocabulary vocabulary,
            PlainEncoder encoder,
            Detokenizer detokenizer,
            Frame frame,
            @Nullable TextNormalizer normalizer) {
        this.vocabulary = vocabulary;
        this.encoder = encoder;
        this.detokenizer = detokenizer;
        this.frame = frame;
        this.specials = normalizer == null ? SpecialTokens.of(vocabulary) : SpecialTokens.ofRaw(vocabulary);
        this.normalization = normalizer == null
                ? null
                : new Normalization(normalizer, SpecialTokens.ofNormalized(vocabulary, normalizer));
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    @Override
    public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
        return encode(text, addSpecial ? frame : NO_FRAME, parseSpecial);
    }

    @Override
    public int[] encodePrompt(String text, boolean parseSpecial) {
        return encode(text, new Frame(frame.before(), Vocabulary.NONE), parseSpecial);
    }

    private int[] encode(String text, Frame around, boolean parseSpecial) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        TokenBuffer out = new TokenBuffer();
        List<SpecialTokens.Fragment> fragments = specials.split(utf8, parseSpecial);
        if (around.before() >= 0 && firstToken(utf8, fragments) != around.before()) {
            out.add(around.before());
        }
        for (SpecialTokens.Fragment fragment : fragments) {
            encode(utf8, fragment, parseSpecial, out);
        }
        if (around.after() >= 0 && !isEndedBy(lastToken(utf8, fragments), around.after())) {
            out.add(around.after());
        }
        return out.toArray();
    }

    /** The special token that a text begins with, but for white space, or {@link Vocabulary#NONE}. */
    private static int firstToken(byte[] utf8, List<SpecialTokens.Fragment> fragments) {
        int i = 0;
        while (i < fragments.size() && isBlank(utf8, fragments.get(i))) {
            i++;
        }
        return i < fragments.size() ? fragments.get(i).token() : Vocabulary.NONE;
    }

    /** The special token that a text ends with, but for white space, or {@link Vocabulary#NONE}. */
    private static int lastToken(byte[] utf8, List<SpecialTokens.Fragment> fragments) {
        int i = fragments.size() - 1;
        while (i >= 0 && isBlank(utf8, fragments.get(i))) {
            i--;
        }
        return i >= 0 ? fragments.get(i).token() : Vocabulary.NONE;
    }

    private static boolean isBlank(byte[] utf8, SpecialTokens.Fragment fragment) {
        for (int i = fragment.from(); fragment.token() < 0 && i < fragment.to(); i++) {
            if (!SpecialTokens.isSpace(utf8[i])) {
                return false;
            }
        }
        return fragment.token() < 0;
    }

    /**
     * Whether a text that ends with a token needs no other end: one token that ends generation is as good as another.
     */
    private boolean isEndedBy(int last, int after) {
        return last >= 0 && vocabulary.isEnd(last) && vocabulary.isEnd(after);
    }

    private void encode(byte[] utf8, SpecialTokens.Fragment fragment, boolean parseSpecial, TokenBuffer out) {
        boolean first = fragment.from() == 0;
        if (fragment.token() >= 0) {
            out.add(fragment.token());
        } else if (normalization == null) {
            encoder.encode(utf8, fragment.from(), fragment.to(), first, out);
        } else {
            String text = new String(utf8, fragment.from(), fragment.to() - fragment.from(), StandardCharsets.UTF_8);
            encodeNormalized(
                    normalization.normalizer().apply(text).getBytes(StandardCharsets.UTF_8), first, parseSpecial, out);
        }
    }

    private void encodeNormalized(byte[] utf8, boolean first, boolean parseSpecial, TokenBuffer out) {
        for (SpecialTokens.Fragment fragment : normalization.specials().split(utf8, parseSpecial)) {
            if (fragment.token() >= 0) {
                out.add(fragment.token());
            } else {
                encoder.encode(utf8, fragment.from(), fragment.to(), first && fragment.from() == 0, out);
            }
        }
    }

    @Override
    public String decode(int[] ids, boolean withSpecial) {
        for (int id : ids) {
            check(id);
        }
        return detokenizer.decode(ids, withSpecial);
    }

    @Override
    public TokenDecoder decoder(boolean withSpecial) {
        return new Utf8Decoder(detokenizer, withSpecial);
    }

    @Override
    public byte[] bytes(int id) {
        check(id);
        return detokenizer.bytes(id, false);
    }

    @Override
    public String piece(int id) {
        check(id);
        return new String(vocabulary.spelling(id), StandardCharsets.UTF_8);
    }

    @Override
    public boolean isSpecial(int id) {
        check(id);
        return vocabulary.has(id, Vocabulary.CONTROL | Vocabulary.UNKNOWN);
    }

    @Override
    public boolean isEndOfGeneration(int id) {
        check(id);
        return vocabulary.isEnd(id);
    }

    @Override
    public OptionalInt bos() {
        return optional(vocabulary.settings().bos());
    }

    @Override
    public OptionalInt eos() {
        return optional(vocabulary.settings().eos());
    }

    @Override
    public OptionalInt idOf(String piece) {
        return optional(vocabulary.find(piece));
    }

    private void check(int id) {
        if (id < 0 || id >= vocabulary.size()) {
            throw new IndexOutOfBoundsException("token id " + id + " is not in [0, " + vocabulary.size() + ")");
        }
    }

    private static OptionalInt optional(int id) {
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
