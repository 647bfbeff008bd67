package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class MemorySizeTest {
    @Test
    void readsBytesAndUnits() {
        assertEquals(123, new MemorySize().convert("123"));
        assertEquals(4096, new MemorySize().convert("4k"));
        assertEquals(2500L << 20, new MemorySize().convert("2500M"));
        assertEquals(6L << 30, new MemorySize().convert("6GiB"));
        assertEquals(5L << 29, new MemorySize().convert("2.5gb"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "-1G", "0", "1.G", "6 G", "99999999999T", "6X"})
    void refusesWhatIsNoSize(String text) {
        assertThrows(TypeConversionException.class, () -> new MemorySize().convert(text));
    }
}
