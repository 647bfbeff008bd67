package dev.chaku.internal.convert;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The merges of a vocabulary of characters. SentencePiece, and so GGUF, knows scores of tokens only: any two neighbours
 * are merged whose union is a token, the one of greatest score first. A tokenizer.json made of a SentencePiece file
 * lists just these merges; one that was trained as it is lists others.
 */
final class CharacterMerges {
    private final List<Merge> merges;
    private final Map<String, Integer> ranks = new HashMap<>();

    /** Two tokens whose union is one. */
    record Merge(String left, String right) {
        String union() {
            return left + right;
        }
    }

    CharacterMerges(List<Merge> merges) {
        this.merges = merges;
        for (int rank = 0; rank < merges.size(); rank++) {
            ranks.putIfAbsent(merges.get(rank).union(), rank);
        }
    }

    /** The token's score: the earlier a merge makes it, the greater. */
    float score(String token) {
        return -ranks.getOrDefault(token, merges.size());
    }

    /** Whether scores make the same merges in the same order. */
    boolean areThoseOfScores(Set<String> tokens) {
        Set<Merge> known = new HashSet<>(merges);
        Set<String> done = new HashSet<>();
        String last = "";
        for (Merge merge : merges) {
            if (!merge.union().equals(last) && !done.add(merge.union())) {
                return false;
            }
            last = merge.union();
        }
        for (String token : tokens) {
            for (int at = token.offsetByCodePoints(0, token.isEmpty() ? 0 : 1);
                    at < token.length();
                    at = token.offsetByCodePoints(at, 1)) {
                Merge merge = new Merge(token.substring(0, at), token.substring(at));
                if (tokens.contains(merge.left()) && tokens.contains(merge.right()) && !known.contains(merge)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The ids of both tokens, merge after merge; those of which a token is not there are left out. */
    int[] ids(VocabularyTable vocabulary) {
        return merges.stream()
                .filter(merge -> vocabulary.find(merge.left()).isPresent()
                        && vocabulary.find(merge.right()).isPresent()
                        && vocabulary.find(merge.union()).isPresent())
                .flatMap(merge ->
                        List.of(
                                vocabulary.find(merge.left()).get(),
                                vocabulary.find(merge.right()).get())
                                .stream())
                .mapToInt(id -> id)
                .toArray();
    }
}
