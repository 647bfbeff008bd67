package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.template.ChatTemplate;
import java.nio.charset.StandardCharsets;

/**
 * Finds the token with which a chat template ends an assistant's turn, where no token that is known to end a text does.
 *
 * <p>That is the special token right after an answer that is the last message. If the turn goes on after it (a tag that
 * closes a part of the answer, and more text), it is the one that the text ends with. If nothing is written after the
 * last answer, it is the control token with which the next turn begins.
 */
final class TurnEnd {
    private static final int SPECIAL = Vocabulary.CONTROL | Vocabulary.USER_DEFINED;

    private final Vocabulary vocabulary;

    private TurnEnd(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /** The id, or -1 if the template ends turns with no token, or cannot be read: whoever asks for a chat is told. */
    static int find(Vocabulary vocabulary, String template) {
        TurnEnd search = new TurnEnd(vocabulary);
        Vocabulary.Settings settings = vocabulary.settings();
        ChatTemplate.AfterAnswer after;
        try {
            after = ChatTemplate.parse(
                            "chat template", template, search.text(settings.bos()), search.text(settings.eos()))
                    .afterAnswer();
        } catch (BadInputException e) {
            return Vocabulary.NONE;
        }
        byte[] last = bytes(after.last());
        return search.tokenAt(last, 0, SPECIAL) != Vocabulary.NONE || search.finalToken(last) != Vocabulary.NONE
                ? search.endOf(last)
                : search.tokenAt(bytes(after.beforeNext()), 0, Vocabulary.CONTROL);
    }

    private static byte[] bytes(String text) {
        return text.strip().getBytes(StandardCharsets.UTF_8);
    }

    private String text(int id) {
        return id == Vocabulary.NONE ? "" : new String(vocabulary.spelling(id), StandardCharsets.UTF_8);
    }

    private int endOf(byte[] utf8) {
        int first = tokenAt(utf8, 0, SPECIAL);
        int at = 0;
        for (int id = first; id != Vocabulary.NONE; id = tokenAt(utf8, at, SPECIAL)) {
            if (vocabulary.isEnd(id)) {
                return Vocabulary.NONE;
            }
            at += vocabulary.spelling(id).length;
        }
        boolean endsThere = at == utf8.length || Character.isWhitespace(utf8[at]);
        return first != Vocabulary.NONE && endsThere ? first : finalToken(utf8);
    }

    /** The longest special token that a text ends with. */
    private int finalToken(byte[] utf8) {
        for (int from = Math.max(0, utf8.length - vocabulary.longest()); from < utf8.length; from++) {
            int id = vocabulary.find(utf8, from, utf8.length);
            if (id != Vocabulary.NONE && vocabulary.has(id, SPECIAL)) {
                return id;
            }
        }
        return Vocabulary.NONE;
    }

    /** The longest token of some kinds that is spelled at a position. */
    private int tokenAt(byte[] utf8, int at, int kinds) {
        for (int end = Math.min(utf8.length, at + vocabulary.longest()); end > at; end--) {
            int id = vocabulary.find(utf8, at, end);
            if (id != Vocabulary.NONE && vocabulary.has(id, kinds)) {
                return id;
            }
        }
        return Vocabulary.NONE;
    }
}
