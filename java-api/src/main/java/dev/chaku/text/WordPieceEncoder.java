package dev.chaku.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;

/**
 * WordPiece as in BERT: text is cleaned and cut at white space, punctuation and Han characters, and each word is taken
 * apart into the longest tokens from the left; a word that cannot be is one unknown token.
 *
 * <p>In GGUF files a token that begins a word is spelled with U+2581 before it and one that continues a word without.
 * Accents go with the decomposition, of which, as in llama.cpp, only the first character of each stays.
 *
 * <p>Source: Devlin et al., "BERT", 2019, and its tokenization.py.
 */
final class WordPieceEncoder implements PlainEncoder {
    private static final byte[] WORD_START = "\u2581".getBytes(StandardCharsets.UTF_8);
    private static final CodePointSet HAN = CodePointSet.of(
            0,
            "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
                    + "\ud840\udc00-\ud869\udedf\ud869\udf00-\ud86d\udf3f\ud86d\udf40-\ud86e\udc1f"
                    + "\ud86e\udd20-\ud873\udeaf\ud87e\udc00-\ud87e\ude1f");
    private static final int FIRST_DECOMPOSED = 0xc0;

    private final Vocabulary vocabulary;
    private final boolean lowercase;
    private final boolean stripAccents;
    private final int longest;

    /** @param longest code points of a word; longer ones are unknown */
    WordPieceEncoder(Vocabulary vocabulary, boolean lowercase, boolean stripAccents, int longest) {
        this.vocabulary = vocabulary;
        this.lowercase = lowercase;
        this.stripAccents = stripAccents;
        this.longest = longest;
    }

    @Override
    public void encode(byte[] utf8, int from, int to, boolean first, TokenBuffer out) {
        ByteArrayOutputStream word = new ByteArrayOutputStream();
        int position = from;
        while (position < to) {
            int codePoint = CodePoints.at(utf8, position, to);
            position += CodePoints.length(utf8[position]);
            if (stripAccents) {
                codePoint = decomposed(codePoint);
            }
            int classes = CodePoints.classOf(codePoint);
            if ((classes & CodePoints.SPACE) != 0) {
                endWord(word, out);
            } else if (!isDropped(codePoint, classes)) {
                boolean alone = (classes & CodePoints.PUNCTUATION) != 0
                        || codePoint < 0x7f && (classes & CodePoints.SYMBOL) != 0
                        || HAN.has(codePoint);
                if (alone) {
                    endWord(word, out);
                }
                append(lowercase ? Character.toLowerCase(codePoint) : codePoint, word);
                if (alone) {
                    endWord(word, out);
                }
            }
        }
        endWord(word, out);
    }

    private boolean isDropped(int codePoint, int classes) {
        return codePoint == 0
                || codePoint == 0xfffd
                || (classes & CodePoints.CONTROL) != 0
                || stripAccents && (classes & CodePoints.MARK) != 0;
    }

    private static int decomposed(int codePoint) {
        return codePoint < FIRST_DECOMPOSED
                ? codePoint
                : Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFD)
                        .codePointAt(0);
    }

    private static void append(int codePoint, ByteArrayOutputStream word) {
        if (word.size() == 0) {
            word.writeBytes(WORD_START);
        }
        if (codePoint < 0x80) {
            word.write(codePoint);
        } else {
            word.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static int codePoints(byte[] utf8) {
        int count = 0;
        for (byte unit : utf8) {
            count += (unit & 0xc0) == 0x80 ? 0 : 1;
        }
        return count;
    }

    private void endWord(ByteArrayOutputStream word, TokenBuffer out) {
        if (word.size() == 0) {
            return;
        }
        byte[] bytes = word.toByteArray();
        word.reset();
        int before = out.size();
        if (bytes.length > longest && codePoints(bytes) - 1 > longest) { // the mark that begins a word is none of it
            vocabulary.addUnknown(bytes, out);
            return;
        }
        int position = 0;
        while (position < bytes.length) {
            int end = Math.min(bytes.length, position + vocabulary.longest());
            int token = Vocabulary.NONE;
            while (end > position && (token = vocabulary.find(bytes, position, end)) == Vocabulary.NONE) {
                end--;
            }
            if (token == Vocabulary.NONE) {
                out.truncate(before);
                vocabulary.addUnknown(bytes, out);
                return;
            }
            out.add(token);
            position = end;
        }
    }
}
