package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFaultTest {
    /** Words that the parser's own messages have and nobody else knows. */
    private static final Pattern LIBRARY = Pattern.compile(
            "REDACTED|JsonReadFeature|StreamRead|getMax|ALLOW_|\\bSource\\b|CTRL-CHAR|\\(code |JSON String, Number|jackson");

    private static String message(String text) {
        return JsonFault.describe(assertThrows(IOException.class, () -> JsonValues.parse(text), text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": NaN}|'NaN' is no number of JSON; write null, or leave the key out, at column 10",
                "{\"a\": -Infinity}|'-Infinity' is no number of JSON; write null, or leave the key out, at column 16",
                "{'a': 1}|unexpected ''' (texts and names stand in double quotes), at column 2",
                "# note|unexpected '#' (JSON has no comments), at column 1",
                "{\"a\": 1},|unexpected ',', at column 9",
                "{\"a\": 1} {}|found more after the value, at column 10",
                "{\"a\": nope}|unexpected 'nope' (texts stand in double quotes), at column 7",
                "{\"a\": 1, \"a\": 2}|the key 'a' stands there twice, at column 13",
                "{\"a\": \"b|it ends within a value, at column 9",
                "[1, 2}|found '}' where ']' closes, at column 6",
                "[1, ]|unexpected ']' (is there a comma too many before it?), at column 5",
                "\"\\x\"|unknown escape '\\x', at column 3",
                "{\"a\": 01}|a number that is none, at column 8",
                "{\"a\": 1.}|a number that is none, at column 8",
            })
    void theMessagesAreOurs(String text, String expected) {
        assertEquals(expected, message(text));
    }

    @Test
    void controlCharactersAndLimitsAreNamed() {
        assertEquals("control character U+0009 in it, expected an escape, at column 3", message("\"a\tb\""));
        assertEquals("unexpected 'U+FEFF' (a byte-order mark: files were joined), at column 1", message("\uFEFF{}"));
        assertEquals("nested deeper than 64 levels", message("[".repeat(100)));
        assertEquals("a number of too many digits", message("1".repeat(2000)));
    }

    @Test
    void noMessageHasWordsOfTheLibrary() {
        String seed = "{\"a\": [1.5e3, \"b\\n\", true, null, {\"c\": -2}], \"d\": \"x\"}";
        Random random = new Random(3);
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder(seed);
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                char c = "{}[]\",:\\\n\t 01.-eEnN'#/x\u0000\ufeff".charAt(random.nextInt(24));
                text.setCharAt(random.nextInt(text.length()), c);
            }
            text.setLength(text.length() - random.nextInt(5));
            try {
                JsonValues.parse(text.toString());
            } catch (IOException e) {
                String message = JsonFault.describe(e);
                assertFalse(LIBRARY.matcher(message).find(), message);
            }
        }
    }

    @Test
    void recordsMayHavePythonsNumbers() throws IOException {
        assertEquals(
                "{a=null, b=-Infinity}",
                JsonValues.parseRecord("{\"a\": NaN, \"b\": -Infinity}").toString());
        assertEquals(
                "{\"a\":null,\"b\":null}", JsonLines.text(JsonValues.parseRecord("{\"a\": NaN, \"b\": -Infinity}")));
    }
}
