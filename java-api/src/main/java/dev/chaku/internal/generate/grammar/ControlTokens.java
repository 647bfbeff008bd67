package dev.chaku.internal.generate.grammar;

import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The control tokens of a vocabulary by their spelling: no text has them in it, so texts that need one name it. */
final class ControlTokens {
    /** By first character, the longest first. */
    private final Map<Character, List<String>> spellings = new HashMap<>();

    private final Map<String, Integer> ids = new HashMap<>();

    ControlTokens(Tokenizer tokenizer) {
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            String piece = tokenizer.piece(id);
            if (tokenizer.isSpecial(id) && piece.length() > 1 && ids.putIfAbsent(piece, id) == null) {
                spellings
                        .computeIfAbsent(piece.charAt(0), first -> new ArrayList<>())
                        .add(piece);
            }
        }
        spellings
                .values()
                .forEach(list ->
                        list.sort(Comparator.comparingInt(String::length).reversed()));
    }

    /** A text with the control tokens that it spells; the sets of those are added to the given ones. */
    Expression spelled(String text, List<TokenSet> sets) {
        List<Expression> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            String token = at(text, i);
            if (!token.isEmpty()) {
                parts.add(Expression.text(text.substring(from, i)));
                BitSet one = new BitSet();
                one.set(ids.get(token));
                sets.add(new TokenSet(one, false));
                parts.add(Expression.Symbol.tokens(sets.size() - 1));
                from = i + token.length();
                i = from - 1;
            }
        }
        parts.add(Expression.text(text.substring(from)));
        return Expression.sequence(parts);
    }

    private String at(String text, int i) {
        for (String token : spellings.getOrDefault(text.charAt(i), List.of())) {
            if (text.startsWith(token, i)) {
                return token;
            }
        }
        return "";
    }
}
