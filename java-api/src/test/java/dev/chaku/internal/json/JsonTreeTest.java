package dev.chaku.internal.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTreeTest {
    @Test
    void numbersKeepTheirDigits() {
        assertEquals(new BigDecimal("1.50"), JsonTree.parse("n", "1.50"));
        assertEquals(new BigDecimal("1E+9999"), JsonTree.parse("n", "1e9999"));
        assertEquals(new BigDecimal("1E-10000"), JsonTree.parse("n", "1e-10000"));
    }

    /** What would be a text of gigabytes written out, or is no number of Java. */
    @ParameterizedTest
    @ValueSource(strings = {"1e10000", "12e9999", "1e-10001", "1e999999999", "-1e-999999999", "9999e9999999999999"})
    void numbersThatCannotBeWrittenOutAreRefused(String number) {
        BadInputException refused =
                assertThrows(BadInputException.class, () -> JsonTree.parse("schema", "[" + number + "]"));
        assertTrue(
                refused.getMessage().startsWith("schema: expected JSON, found something else: a number has more than"),
                refused.getMessage());
        assertTrue(refused.getMessage().contains(number), refused.getMessage());
    }
}
