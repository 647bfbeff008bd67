package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What is done to text before it is cut into words: the normalizers of a tokenizer.json, one after the other, as
 * {@code chaku.tokenizer.normalizer} lists them. Immutable and thread-safe.
 *
 * <p>The key is a list of texts, a step's name and then what it takes: {@code NFC}, {@code NFD}, {@code NFKC},
 * {@code NFKD}, {@code Lowercase}, {@code StripAccents}, {@code Strip} and a side ({@code left}, {@code right},
 * {@code both}), {@code Prepend} and a text, {@code Replace} or {@code ReplaceRegex}, what is replaced and by what,
 * {@code Precompiled} for the table of characters in {@code tokenizer.ggml.precompiled_charsmap}.
 *
 * <p>Source: Hugging Face's tokenizers, whose normalizers these are; each stretch between added tokens is normalized on
 * its own.
 */
public final class TextNormalizer {
    private static final String KEY = "chaku.tokenizer.normalizer";

    /** One code point or class of them, with a quantifier. */
    private static final Pattern REGEX_PART = Pattern.compile(
            "(?:[^\\\\\\[\\](){}.^$|*+?]|\\\\[\\\\\\[\\](){}.^$|*+?/\\-\"'rntfs]|\\[\\^?(?:[^\\\\\\[\\]&^]|\\\\[\\\\\\[\\]^\\-rntfs])+\\])"
                    + "(?<times>[*+?]|\\{[0-9]{1,3}(?:,[0-9]{0,3})?\\})?");

    private final List<UnaryOperator<String>> steps;

    private TextNormalizer(List<UnaryOperator<String>> steps) {
        this.steps = steps;
    }

    /**
     * The normalizer that metadata list, if they list one.
     *
     * @throws BadInputException if a step is not known or lacks what it takes
     */
    static Optional<TextNormalizer> of(GgufMetadata metadata) {
        if (!metadata.has(KEY)) {
            return Optional.empty();
        }
        GgufArray.Strings list = metadata.requireStrings(KEY);
        List<UnaryOperator<String>> steps = new ArrayList<>();
        for (int i = 0; i < list.size(); ) {
            String name = list.get(i);
            int takes = name.equals("Strip") || name.equals("Prepend") ? 1 : name.startsWith("Replace") ? 2 : 0;
            if (i + takes >= list.size()) {
                throw new BadInputException(
                        metadata.source() + ": metadata key '" + KEY + "' expects " + takes + " texts after " + name);
            }
            steps.add(
                    name.equals("Precompiled")
                            ? table(metadata)
                            : step(
                                    metadata.source(),
                                    name,
                                    takes > 0 ? list.get(i + 1) : "",
                                    takes > 1 ? list.get(i + 2) : ""));
            i += 1 + takes;
        }
        return Optional.of(new TextNormalizer(List.copyOf(steps)));
    }

    /**
     * {@return whether a pattern is understood: alternatives of single characters and classes, repeated or not, of
     * which at most one without bound, so that no text makes it slow}
     *
     * @param regex a regular expression as tokenizer.json has it
     */
    public static boolean understands(String regex) {
        if (regex.endsWith("|") && !regex.endsWith("\\|")) {
            return false;
        }
        Matcher part = REGEX_PART.matcher(regex);
        int at = 0;
        boolean endless = false;
        boolean any = false;
        while (at < regex.length()) {
            if (regex.charAt(at) == '|' && any) {
                at++;
                endless = false;
                any = false;
                continue;
            }
            part.region(at, regex.length());
            if (!part.lookingAt()) {
                return false;
            }
            String times = part.group("times");
            boolean unbounded = times != null && (times.equals("*") || times.equals("+") || times.endsWith(",}"));
            if (unbounded && endless) {
                return false;
            }
            endless |= unbounded;
            any = true;
            at = part.end();
        }
        try {
            return any && !pattern(regex).matcher("").matches();
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    String apply(String text) {
        String result = text;
        for (UnaryOperator<String> step : steps) {
            result = step.apply(result);
        }
        return result;
    }

    private static UnaryOperator<String> table(GgufMetadata metadata) {
        CharacterTable table = CharacterTable.of(metadata)
                .orElseThrow(() -> new BadInputException(metadata.source() + ": metadata key '" + KEY
                        + "' expects the table 'tokenizer.ggml.precompiled_charsmap' for Precompiled, found none"));
        return table::replaceClusters;
    }

    private static UnaryOperator<String> step(String source, String name, String first, String second) {
        return switch (name) {
            case "NFC", "NFD", "NFKC", "NFKD" -> {
                Normalizer.Form form = Normalizer.Form.valueOf(name);
                yield text -> Normalizer.normalize(text, form);
            }
            case "Lowercase" -> TextNormalizer::lowercase;
            case "StripNonspacingMarks" -> TextNormalizer::withoutNonspacingMarks;
            case "StripAccents" -> text -> filtered(text, CodePoints.MARK);
            case "Strip" -> text -> stripped(text, !first.equals("right"), !first.equals("left"));
            case "Prepend" -> text -> text.isEmpty() ? text : first + text;
            case "Replace" -> text -> first.isEmpty() ? text : text.replace(first, second);
            case "ReplaceRegex" -> {
                if (!understands(first)) {
                    throw new BadInputException(source + ": metadata key '" + KEY
                            + "' expects a pattern of characters and classes, found '" + first + "'");
                }
                Pattern pattern = pattern(first);
                String replacement = Matcher.quoteReplacement(second);
                yield text -> pattern.matcher(text).replaceAll(replacement);
            }
            default ->
                throw new BadInputException(source + ": metadata key '" + KEY
                        + "' expects NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace "
                        + "or ReplaceRegex, found '" + name + "'");
        };
    }

    private static Pattern pattern(String regex) {
        return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
    }

    /** Each character on its own, whatever stands beside it: no final sigma. */
    private static String lowercase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints().forEach(codePoint -> {
            if (codePoint == 0x130) {
                lower.append("i\u0307");
            } else {
                lower.appendCodePoint(Character.toLowerCase(codePoint));
            }
        });
        return lower.toString();
    }

    /** As BERT strips accents, which leaves the marks that take space. */
    private static String withoutNonspacingMarks(String text) {
        return text.codePoints()
                .filter(codePoint -> Character.getType(codePoint) != Character.NON_SPACING_MARK)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static String filtered(String text, int classes) {
        StringBuilder kept = new StringBuilder(text.length());
        text.codePoints()
                .filter(codePoint -> !CodePoints.is(codePoint, classes))
                .forEach(kept::appendCodePoint);
        return kept.toString();
    }

    private static String stripped(String text, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && CodePoints.is(text.charAt(from), CodePoints.SPACE)) {
            from++;
        }
        while (right && to > from && CodePoints.is(text.charAt(to - 1), CodePoints.SPACE)) {
            to--;
        }
        return text.substring(from, to);
    }
}
