package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each scanner against the pattern that it stands for, in java.util.regex, on random text. */
class SplitRuleTest {
    private static final String CONTRACTION = "(?:'[sStTmMdD\u017f]|'[rR][eE]|'[vV][eE]|'[lL][lL])";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String TAIL = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String OTHER_THAN_HAN = "[^\\p{IsHan}]";

    /** What the patterns tell apart, often more than once. */
    private static final String[] ATOMS = {
        "a", "b", "s", "t", "re", "ll", "A", "B", "VE", "D", "é", "É", "ß", "日", "本", "あ", "ア", "ー", "한", "ñ", "\u0301",
        "\u0940", "\u0e33", "\u01c5", "\u02b0", "\u3007", "\u3005", "0", "1", "23", "4567", "²", "Ⅷ", "٣", "'", "'s",
        "'T", "'re", "'LL", "'\u017f", " ", " ", "  ", "   ", "\n", "\r\n", "\t", "\u3000", "\u00a0", "\u2028", ".",
        ",", "!", "?", "-", "/", "(", "\"", "…", "。", "、", "¿", "+", "$", "<", "|", "^", "`", "~", "€", "🦙", "\u0000",
        "\u200d", "\u0378", "_"
    };

    record Case(String name, SplitRule rule, String pattern) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() {
        CodePointSet punctuation = CodePointSet.of(CodePoints.PUNCTUATION, "$+<=>^`|~");
        return List.of(
                new Case(
                        "gpt2",
                        new Gpt2Rule(),
                        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
                new Case(
                        "words",
                        new WordRule(CodePoints.LETTER, 3, true),
                        CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                                + TAIL),
                new Case(
                        "words, one digit",
                        new WordRule(CodePoints.LETTER, 1, false),
                        CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + TAIL),
                new Case(
                        "words with marks",
                        new WordRule(CodePoints.LETTER | CodePoints.MARK, 1, true),
                        CONTRACTION
                                + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|"
                                + TAIL),
                new Case(
                        "cased",
                        CasedWordRule.of(3, true),
                        "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+" + CONTRACTION + "?|[^\\r\\n\\p{L}\\p{N}]?"
                                + UPPER
                                + "+" + LOWER + "*"
                                + CONTRACTION + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + TAIL),
                new Case(
                        "cased, no contractions",
                        CasedWordRule.of(1, false),
                        "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+"
                                + LOWER + "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + TAIL),
                new Case(
                        "deepseek",
                        new DeepSeekRule(),
                        "[!-/:-@\\[-`{-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|"
                                + TAIL),
                new Case(
                        "cased, Han apart",
                        CasedWordRule.withHanApart(),
                        "\\p{IsHan}+|[^\\r\\n\\p{L}\\p{N}]?[" + UPPER + "&&" + OTHER_THAN_HAN + "]*[" + LOWER + "&&"
                                + OTHER_THAN_HAN + "]+"
                                + CONTRACTION + "?|[^\\r\\n\\p{L}\\p{N}]?[" + UPPER + "&&" + OTHER_THAN_HAN + "]+["
                                + LOWER + "&&"
                                + OTHER_THAN_HAN + "]*" + CONTRACTION + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                                + TAIL),
                new Case("run", RunRule.of(RunRule.Before.NOTHING, punctuation), "[\\p{P}$+<=>^`|~]+"),
                new Case(
                        "run after space",
                        RunRule.of(RunRule.Before.WHITE_SPACE, CodePointSet.ofClasses(CodePoints.LETTER)),
                        "\\s?\\p{L}+"),
                new Case(
                        "run after space, of what may be space",
                        RunRule.of(RunRule.Before.WHITE_SPACE, CodePointSet.of(0, "!-/\u3000-\u3002")),
                        "\\s?[!-/\u3000-\u3002]+"),
                new Case(
                        "run after blank",
                        RunRule.of(
                                RunRule.Before.BLANK,
                                CodePointSet.of(CodePoints.SPACE, "!(.").complement()),
                        " ?[^\\s!(.]+"),
                new Case("three digits", RunRule.of(CodePointSet.of(0, "0-9"), 3, 3), "[0-9][0-9][0-9]"),
                new Case("up to three", RunRule.of(CodePointSet.ofClasses(CodePoints.NUMBER), 1, 3), "\\p{N}{1,3}"),
                new Case("trailing", new TrailingSpaceRule(), "\\s+\\z"),
                new Case("triples", new DigitTripleRule(), "(?=(?:[0-9]{3})+(?![0-9]))"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsItsPattern(Case c) {
        Pattern pattern = Pattern.compile(c.pattern(), Pattern.UNICODE_CHARACTER_CLASS);
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int atoms = random.nextInt(1, 12); atoms > 0; atoms--) {
                text.append(ATOMS[random.nextInt(ATOMS.length)]);
            }
            assertEquals(
                    matches(pattern, text.toString()),
                    pieces(c.rule(), text.toString()),
                    () -> c.name() + ": '" + text + "'");
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void longRunsTakeLittleTime(Case c) {
        for (String atom : List.of("a", "A", "É", "日", "1", " ", "\n", "'", ".", "\u0301", "aA", " \n", "É1")) {
            String text = atom.repeat(300_000) + "x";
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> pieces(c.rule(), text), c.name() + " on " + atom);
        }
    }

    /** Words as Hugging Face's tokenizers give them. */
    @ParameterizedTest
    @CsvSource({
        "gpt-4o, नमस्ते दुनिया, नमस्ते| दुनिया",
        "gpt-4o, السَّلامُ عَلَيْكُم, السَّلامُ| عَلَيْكُم",
        "tekken, สวัสดีครับ ผมอยู่ที่บ้าน, สวัสดีครับ| ผมอยู่ที่บ้าน",
        "gpt-4o, cafe\u0301 re\u0301sume\u0301, cafe\u0301| re\u0301sume\u0301",
        "tekken, ÉCOLEÉcole, ÉCOLEÉcole",
        "tekken, écoleÉcole, école|École",
        "deepseek-v3, a ~%b!~$, a| ~%|b|!~$",
        "qwen2, it'\u017f us, it|'\u017f| us",
        "gpt-4o, it'\u017f us, it'\u017f| us"
    })
    void wordsAreThoseOfTheOriginal(String name, String text, String words) {
        List<String> pieces = new ArrayList<>();
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        PreTokenizer.ofName("test", name)
                .split(
                        utf8,
                        0,
                        utf8.length,
                        (from, to) -> pieces.add(new String(utf8, from, to - from, StandardCharsets.UTF_8)));
        assertEquals(List.of(words.split("\\|")), pieces);
    }

    @Test
    void aRuleSeesNothingPastItsRange() {
        byte[] utf8 = "ab's 12".getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        new Gpt2Rule()
                .split(utf8, 1, 3, (from, to) -> pieces.add(new String(utf8, from, to - from, StandardCharsets.UTF_8)));
        assertEquals(List.of("b", "'"), pieces);
    }

    private static List<String> pieces(SplitRule rule, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        rule.split(
                utf8,
                0,
                utf8.length,
                (from, to) -> pieces.add(new String(utf8, from, to - from, StandardCharsets.UTF_8)));
        return pieces;
    }

    private static List<String> matches(Pattern pattern, String text) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        int end = 0;
        while (matcher.find()) {
            if (matcher.start() > end) {
                pieces.add(text.substring(end, matcher.start()));
            }
            if (matcher.end() > matcher.start()) {
                pieces.add(matcher.group());
            }
            end = matcher.end();
        }
        if (end < text.length()) {
            pieces.add(text.substring(end));
        }
        return pieces;
    }
}
