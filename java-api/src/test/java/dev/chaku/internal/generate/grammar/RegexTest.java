package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Regular expressions against those of the JDK, where both mean the same. */
class RegexTest {
    private static final TokenTrie TRIE = Vocabularies.of("ab", "12");

    private static CompiledForm form(Automaton automaton) {
        return Vocabularies.form(Grammar.of("root", new Expression.Embedded(automaton)), TRIE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "ab|c",
                "(a|b)*c",
                "a{2,3}",
                "a{2}",
                "a{2,}b?",
                "[a-c]+",
                "[^a]",
                "a.b",
                "\\d+",
                "\\w\\s\\S",
                "[\\d\\-x]+",
                "(?:a|)b",
                "^a$",
                "^a|b$",
                "a$|^b",
                "(?i)aB",
                "(?i:a)b",
                "(?s:.)\n?",
                ".",
                "a*?b",
                "\\x61\\u0062",
                "[\\w.]+@[\\w.]+",
                "\u00e9+",
                "[\u00e0-\u00ff]",
                "",
                "()",
                "a{,2}",
                "x{1,2}{",
                "\\.",
                "\\p{Lu}",
                "\\P{L}",
                "[[:digit:]]b"
            })
    void matchesWhatTheJdkMatches(String expression) {
        Pattern pattern = Pattern.compile(expression
                .replace("[[:digit:]]", "\\p{Digit}")
                .replace("a{,2}", "a\\{,2}")
                .replace("{1,2}{", "{1,2}\\{"));
        CompiledForm whole = form(Regex.whole("regex", expression));
        CompiledForm within = expression.contains("[[:") ? null : form(Regex.within("regex", expression));
        Random random = new Random(expression.hashCode());
        String alphabet = "aaabbbcABx1 2.-@\n\u00e9{,}";
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(5); n > 0; n--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertEquals(
                    pattern.matcher(text).matches(),
                    Vocabularies.accepts(whole, text.toString()),
                    () -> expression + " on '" + text + "'");
            // The JDK's $ also stands before a line break that ends the text.
            if (within != null && text.indexOf("\n") < 0) {
                assertEquals(
                        pattern.matcher(text).find(),
                        Vocabularies.accepts(within, text.toString()),
                        () -> expression + " in '" + text + "'");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "(a; expected ) after a group, found the end",
                "a); expected the end of the expression, found ')'",
                "(?=a); look-ahead is not supported",
                "(?<!a)b; look-behind is not supported",
                "(a)\\1; back references are not supported",
                "\\bword; word boundaries are not supported",
                "*a; expected something to repeat before it, found '*'",
                "a**; found a repetition of a repetition",
                "[b-a]; expected a range in ascending order",
                "[a; expected more, found the end",
                "\\p{Klingon}; expected a category or script of Unicode",
                "\\y; expected an escape that is known",
                "(?x)a; expected one of the flags i s",
            })
    void saysWhatIsNotSupported(String expression, String problem) {
        BadInputException e =
                assertThrows(BadInputException.class, () -> Regex.whole("regular expression", expression));
        assertTrue(e.getMessage().startsWith("regular expression: line 1, column "), e.getMessage());
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    @Test
    void hostileExpressionsEndSoon() {
        List<String> hostile = List.of(
                "(((((a{1000}){1000}){1000}){1000}){1000})",
                "(".repeat(100_000),
                "((a{0,200}){0,200}){0,200}",
                "[\\W\\w]".repeat(50_000),
                "(?i)" + "[^a]".repeat(20_000),
                "a".repeat(3_000_000));
        for (String expression : hostile) {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
                try {
                    form(Regex.whole("regular expression", expression));
                } catch (BadInputException e) {
                    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                    assertTrue(e.getMessage().length() < 300, e.getMessage());
                }
            });
        }
    }

    @Test
    void anExpressionThatExplodesIsFollowedAsItIs() {
        CompiledForm form = form(Regex.whole("regex", "(a|b)*a(a|b){40}"));
        assertTrue(Vocabularies.accepts(form, "b".repeat(100) + "a" + "ab".repeat(20)));
        assertEquals(false, Vocabularies.accepts(form, "b".repeat(100) + "b" + "ab".repeat(20)));
    }
}
