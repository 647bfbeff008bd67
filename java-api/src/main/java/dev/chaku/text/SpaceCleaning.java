package dev.chaku.text;

import java.nio.charset.StandardCharsets;

/**
 * Removes the spaces that some tokenizers of old put before punctuation: {@code " ." " ?" " !" " ," " ' " " 's" " 'm" "
 * 're" " 've"}, in the three passes and with the limits of llama.cpp's clean-up.
 */
final class SpaceCleaning {
    private SpaceCleaning() {}

    static String clean(byte[] text) {
        int length = beforeStops(text, text.length);
        length = aroundApostrophes(text, length);
        length = beforeContractions(text, length);
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    private static int beforeStops(byte[] text, int length) {
        int kept = Math.min(length, 1);
        for (int i = 1; i < length; i++) {
            byte value = text[i];
            if (text[i - 1] == ' ' && (value == '?' || value == '!' || value == '.' || value == ',')) {
                kept--;
            }
            text[kept++] = value;
        }
        return kept;
    }

    private static int aroundApostrophes(byte[] text, int length) {
        int kept = Math.min(length, 1);
        for (int i = 1; i < length; i++) {
            byte value = text[i];
            if (value == '\'' && i + 1 < length && text[i - 1] == ' ' && text[i + 1] == ' ') {
                kept--;
                i++;
                // No longer a space, so that an apostrophe right after it keeps its own.
                text[i] = 0;
            }
            text[kept++] = value;
        }
        return kept;
    }

    private static int beforeContractions(byte[] text, int length) {
        int kept = Math.min(length, 1);
        for (int i = 1; i < length; i++) {
            byte value = text[i];
            if (value == '\'' && text[i - 1] == ' ' && i + 1 < length && isContraction(text, i + 1, length)) {
                kept--;
            }
            text[kept++] = value;
        }
        return kept;
    }

    private static boolean isContraction(byte[] text, int at, int length) {
        byte first = text[at];
        if (first == 's' || first == 'm') {
            return true;
        }
        return (first == 'r' || first == 'v') && at + 1 < length && text[at + 1] == 'e';
    }
}
