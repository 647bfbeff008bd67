package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ValueImporterTest {
    @Test
    void plainDataAreCopied() {
        List<Object> list =
                new ArrayList<>(List.of(1, 2.5f, (short) 3, new BigDecimal("0.5"), BigInteger.TEN, true, "x"));
        Object taken = ValueImporter.take(list, "l");
        assertEquals(List.of(1L, 2.5, 3L, 0.5, 10L, true, "x"), taken);
        assertNotSame(list, taken);
        assertEquals(Map.of("k", List.of()), ValueImporter.take(Map.of("k", List.of()), "m"));
    }

    @Test
    void whatIsNoDataIsRefused() {
        assertEquals(
                "x: expected a Map, List, String, number, Boolean or null, found java.lang.Object",
                assertThrows(BadInputException.class, () -> ValueImporter.take(new Object(), "x"))
                        .getMessage());
        assertEquals(
                "x: expected keys of type String, found java.lang.Integer",
                assertThrows(BadInputException.class, () -> ValueImporter.take(Map.of(1, 2), "x"))
                        .getMessage());
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertEquals(
                "x: data nested deeper than 200 levels",
                assertThrows(BadInputException.class, () -> ValueImporter.take(endless, "x"))
                        .getMessage());
    }
}
