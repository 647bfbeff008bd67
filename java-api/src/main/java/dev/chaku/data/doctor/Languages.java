package dev.chaku.data.doctor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The language that a text is mostly written in: by its script where one language has it for itself, and in Latin
 * letters by the small words that every text of a language has. Other texts are of no language that can be told; their
 * script can.
 */
final class Languages {
    /** Scripts that one language writes nearly all of. */
    private static final Map<String, String> BY_SCRIPT = Map.of(
            Scripts.KANA,
            "japanese",
            "hangul",
            "korean",
            "thai",
            "thai",
            "greek",
            "greek",
            "hebrew",
            "hebrew",
            "armenian",
            "armenian",
            "georgian",
            "georgian",
            "tamil",
            "tamil",
            "khmer",
            "khmer");

    /** A text of so many Han characters without kana is Chinese; a shorter one may be Japanese. */
    private static final int FEWEST_HAN = 30;

    private static final int CHARS_READ = 2000;
    private static final int FEWEST_HITS = 3;
    private static final Map<String, String> WORDS = new LinkedHashMap<>();
    private static final Map<String, List<String>> LANGUAGES_OF_WORD = new HashMap<>();

    static {
        WORDS.put(
                "english",
                "the and is are was of to you it that for with this have not be on as at your from they what");
        WORDS.put(
                "german",
                "der die das und ist nicht ein eine den dem mit auf für von zu sich auch es im wird sind wie");
        WORDS.put(
                "french",
                "le la les et est des une un du que qui pour dans pas sur au avec ce vous il plus sont cette");
        WORDS.put("spanish", "el la los las y es de que en un una por con para no se del su más como pero este está");
        WORDS.put("portuguese", "o os as e é de que em um uma não por com para do da dos das mais como mas você são");
        WORDS.put(
                "italian", "il lo la gli e è di che in un una per con non del della sono più come ma questo anche nel");
        WORDS.put("dutch", "de het een en is van ik je dat niet op te zijn met voor aan er maar om ook als bij wordt");
        WORDS.forEach((language, words) -> {
            for (String word : words.split(" ")) {
                LANGUAGES_OF_WORD.merge(word, List.of(language), Languages::joined);
            }
        });
    }

    private Languages() {}

    private static List<String> joined(List<String> a, List<String> b) {
        List<String> both = new ArrayList<>(a);
        both.addAll(b);
        return List.copyOf(both);
    }

    /** A name such as english, japanese, korean; empty where it cannot be told. */
    static String of(String text) {
        String script = Scripts.of(text);
        if (script.equals(Scripts.LATIN)) {
            return ofLatin(text);
        }
        if (script.equals(Scripts.HAN)) {
            return text.codePoints()
                                    .filter(Character::isIdeographic)
                                    .limit(FEWEST_HAN)
                                    .count()
                            == FEWEST_HAN
                    ? "chinese"
                    : "";
        }
        return BY_SCRIPT.getOrDefault(script, "");
    }

    private static String ofLatin(String text) {
        Map<String, Integer> hits = new HashMap<>();
        int end = Math.min(text.length(), CHARS_READ);
        int begin = 0;
        for (int i = 0; i <= end; i++) {
            if (i == end || !Character.isLetter(text.charAt(i))) {
                if (i > begin && i - begin <= 8) {
                    String word = text.substring(begin, i).toLowerCase(Locale.ROOT);
                    LANGUAGES_OF_WORD
                            .getOrDefault(word, List.of())
                            .forEach(language -> hits.merge(language, 1, Integer::sum));
                }
                begin = i + 1;
            }
        }
        if (hits.isEmpty()) {
            return "";
        }
        Map.Entry<String, Integer> most = Collections.max(hits.entrySet(), Map.Entry.comparingByValue());
        int second = hits.entrySet().stream()
                .filter(e -> e != most)
                .mapToInt(Map.Entry::getValue)
                .max()
                .orElse(0);
        // Languages share words: the first must be well before the second.
        return most.getValue() >= FEWEST_HITS && 2 * most.getValue() >= 3 * second ? most.getKey() : "";
    }
}
