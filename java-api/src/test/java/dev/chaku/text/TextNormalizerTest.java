package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextNormalizerTest {
    private static TextNormalizer normalizer(String... steps) {
        return TextNormalizer.of(
                        new GgufMetadata("test", Map.of("chaku.tokenizer.normalizer", GgufValue.of(List.of(steps)))))
                .orElseThrow();
    }

    @Test
    void stepsAreTakenInTheirOrder() {
        assertEquals("cafe fi", normalizer("NFKD", "StripAccents", "Lowercase").apply("Caf\u00c9 \ufb01"));
        assertEquals("i\u0307 \u03c3\u03c3", normalizer("Lowercase").apply("\u0130 \u03a3\u03a3"));
        assertEquals(
                "_a b_",
                normalizer("Strip", "both", "Prepend", "_", "ReplaceRegex", " {2,}", " ", "Replace", "c", "_")
                        .apply("\u3000a  bc\n"));
        assertEquals(" a", normalizer("Strip", "right").apply(" a "));
        assertEquals("$1", normalizer("ReplaceRegex", "a+", "$1").apply("aaa"));
        assertEquals("", normalizer("Prepend", "_").apply(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {" {2,}", "\\s+", "[ \\t]+|\\n{2}", "``|''", "[^a-z]", "a?b+", "\\.{3}"})
    void simplePatternsAreUnderstood(String pattern) {
        assertTrue(TextNormalizer.understands(pattern));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "(a+)+", "a*", "a|", "|a", "a+b+", "(?i:a)", "\\p{L}", "^a", "a.b", "[a&&b]", "[[a]]", "a++", "a+?",
                "[b-a]", "a{3,1}", "a{", "\\1", "["
            })
    void othersAreNot(String pattern) {
        assertEquals(false, TextNormalizer.understands(pattern));
        assertThrows(BadInputException.class, () -> normalizer("ReplaceRegex", pattern, ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "NFX | found 'NFX'",
                "Strip | expects 1 texts after Strip",
                "Replace,a | expects 2 texts after Replace"
            })
    void damagedListsAreRefused(String steps, String expected) {
        String message = assertThrows(BadInputException.class, () -> normalizer(steps.split(",")))
                .getMessage();
        assertTrue(
                message.startsWith("test: metadata key 'chaku.tokenizer.normalizer' ") && message.contains(expected),
                message);
    }

    @Test
    void longTextsTakeLittleTime() {
        String text = " a".repeat(300_000) + " ".repeat(300_000);
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> normalizer("ReplaceRegex", "[ a]{3}b+|\\s+x", "")
                .apply("a".repeat(300_000)));
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> normalizer("ReplaceRegex", " {2,}", " ")
                .apply(text));
    }
}
