package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgmlTypeTest {
    @ParameterizedTest
    @EnumSource(GgmlType.class)
    void idsFindTheirType(GgmlType type) {
        assertSame(type, GgmlType.ofId(type.id()));
        assertEquals(type.blockBytes(), type.rowBytes(type.blockElements()));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4, 5, 31, 33, 36, 38, 43, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void unknownIdsAreNamed(int id) {
        BadInputException e = assertThrows(BadInputException.class, () -> GgmlType.ofId(id));
        assertTrue(e.getMessage().contains("tensor type " + Integer.toUnsignedString(id) + " "), e.getMessage());
    }

    @Test
    void rowsAreWholeBlocks() {
        assertEquals(4 * 144, GgmlType.Q4_K.rowBytes(1024));
        assertEquals(24, GgmlType.F32.tensorBytes(3, 2));
        assertThrows(BadInputException.class, () -> GgmlType.Q4_K.rowBytes(1023));
        assertThrows(BadInputException.class, () -> GgmlType.F32.rowBytes(0));
        assertThrows(BadInputException.class, () -> GgmlType.F32.rowBytes(-4));
        assertThrows(BadInputException.class, () -> GgmlType.F32.tensorBytes());
        assertThrows(BadInputException.class, () -> GgmlType.F32.tensorBytes(4, 0));
    }

    @Test
    void productsPastSixtyThreeBitsAreRefused() {
        assertThrows(BadInputException.class, () -> GgmlType.F32.rowBytes(1L << 62));
        assertThrows(BadInputException.class, () -> GgmlType.I8.tensorBytes(1L << 31, 1L << 31, 4));
    }

    @Test
    void sizesEqualThoseOfGgml() throws IOException {
        for (GgmlType type : GgmlType.values()) {
            if (type == GgmlType.Q8_1
                    || type == GgmlType.Q8_K
                    || type.name().matches("[IF]\\d+") && type != GgmlType.F16) {
                continue; // no golden: activations only, or plain numbers
            }
            long bytes = Files.size(
                    ReferenceData.require("parity/quant/" + type.name().toLowerCase(Locale.ROOT) + ".q"));
            assertEquals(bytes, type.tensorBytes(1024, 8), type.name());
        }
    }
}
