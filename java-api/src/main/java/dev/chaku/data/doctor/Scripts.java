package dev.chaku.data.doctor;

import java.lang.Character.UnicodeScript;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** The script that a text is mostly written in. */
final class Scripts {
    private static final int LETTERS_READ = 2000;

    private Scripts() {}

    /** Han with kana, as Japanese is written. */
    static final String KANA = "han and kana";

    static final String HAN = "han";
    static final String LATIN = "latin";

    /** A name such as latin, cyrillic, han; empty for a text with fewer than five letters. */
    static String of(String text) {
        Map<UnicodeScript, Integer> counts = new EnumMap<>(UnicodeScript.class);
        int letters = 0;
        for (int i = 0; i < text.length() && letters < LETTERS_READ; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (Character.isLetter(c)) {
                counts.merge(UnicodeScript.of(c), 1, Integer::sum);
                letters++;
            }
        }
        if (letters < 5) {
            return "";
        }
        int kana = counts.getOrDefault(UnicodeScript.HIRAGANA, 0) + counts.getOrDefault(UnicodeScript.KATAKANA, 0);
        int han = counts.getOrDefault(UnicodeScript.HAN, 0);
        // Names in Latin letters are long: a text is Japanese if a tenth of its letters is.
        if (kana > 0 && 10 * (kana + han) >= letters) {
            return KANA;
        }
        UnicodeScript most = counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
        return most.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
