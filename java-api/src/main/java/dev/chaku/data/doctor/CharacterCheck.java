package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Characters that text does not have: broken decoding, control characters, invisible ones. */
final class CharacterCheck implements Check {
    /** UTF-8 that was read as Latin-1 or Windows-1252. */
    private static final Pattern MOJIBAKE = Pattern.compile("â€[™œ“”¦\u009d]|Ã[©¨¼¶¤Ÿ±³¡\u00ad]|ã\u0081.|Â[ °·«»]");

    private static final String MOJIBAKE_BEGIN = "âÃãÂ";

    private final FindingBuilder odd = new FindingBuilder("suspicious-characters", Severity.WARNING);
    private final FindingBuilder decoded = new FindingBuilder("broken-decoding", Severity.WARNING);

    @Override
    public void see(Sample sample) {
        String text = sample.messages().isEmpty() ? sample.text() : contents(sample);
        String name = oddCharacter(text);
        if (!name.isEmpty()) {
            odd.at(sample.source(), name);
        }
        var match = MOJIBAKE.matcher(text);
        // Most texts have none of the characters that the pattern begins with.
        if (text.chars().anyMatch(c -> MOJIBAKE_BEGIN.indexOf(c) >= 0) && match.find()) {
            decoded.at(sample.source(), match.group());
        } else if (text.indexOf('\uFFFD') >= 0) {
            decoded.at(sample.source(), "U+FFFD");
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        odd.into(
                findings,
                "Control or invisible characters",
                "They cost tokens, hide instructions from the eye, and come out again in answers.",
                "Take them out.");
        decoded.into(
                findings,
                "Text that was decoded with the wrong character set",
                "The model learns to write broken characters.",
                "Read the source with its own character set (mostly UTF-8) and write it anew.");
    }

    private static String contents(Sample sample) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : sample.messages()) {
            text.append(Sample.content(message)).append('\n');
        }
        return text.toString();
    }

    private static String oddCharacter(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isOdd(c)) {
                return String.format("U+%04X at character %d", (int) c, i + 1);
            }
        }
        return "";
    }

    /** Control characters but tab and line ends, zero-width and direction marks, private use, non-characters. */
    static boolean isOdd(char c) {
        if (c < 0x20) {
            return c != '\t' && c != '\n' && c != '\r';
        }
        return c >= 0x7f && c < 0xa0 && c != 0x85
                || c == 0x200b
                || c >= 0x202a && c <= 0x202e
                || c >= 0x2066 && c <= 0x2069
                || c == 0xfeff
                || c >= 0xe000 && c <= 0xf8ff
                || c >= 0xfffe;
    }
}
