package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class GgufMetadataTest {
    private final GgufMetadata metadata = GgufSamples.everyValue();

    @Test
    void numbersOfAnyTypeServe() {
        assertEquals(200, metadata.requireInt("u8"));
        assertEquals(-100, metadata.requireInt("i8"));
        assertEquals(4_000_000_000L, metadata.requireLong("u32"));
        assertEquals(Long.MIN_VALUE, metadata.requireLong("i64"));
        assertEquals(1.5, metadata.requireDouble("f32"));
        assertEquals(60000f, metadata.requireFloat("u16"));
        assertEquals(Math.PI, metadata.findDouble("f64").orElseThrow());
    }

    @Test
    void absentKeysGiveNothing() {
        assertEquals(OptionalInt.empty(), metadata.findInt("absent"));
        assertEquals(Optional.empty(), metadata.findString("absent"));
        assertEquals(Optional.empty(), metadata.findBool("absent"));
        assertEquals(Optional.empty(), metadata.findStrings("absent"));
        assertFalse(metadata.has("absent"));
        assertTrue(metadata.findLong("absent").isEmpty()
                && metadata.findDouble("absent").isEmpty());
    }

    @Test
    void arraysKeepTheirElements() {
        assertEquals("着物", metadata.requireStrings("strings").get(2));
        assertEquals(
                List.of("", "a", "着物", "b".repeat(70_000)),
                metadata.requireStrings("strings").toList());
        assertArrayEquals(new int[] {1, -2, 3}, metadata.requireNumbers("ints").toInts());
        assertArrayEquals(
                new float[] {0.5f, -0f},
                metadata.findNumbers("floats").orElseThrow().toFloats());
        assertEquals("着 ch'aku", metadata.requireString("text"));
        assertEquals("\ufffd\0\ufffd", metadata.requireString("bytes"));
    }

    @Test
    void mismatchesNameSourceKeyExpectedAndFound() {
        assertMessage(
                "every value: metadata key 'absent' expects an integer, found no such key",
                () -> metadata.requireInt("absent"));
        assertMessage(
                "every value: metadata key 'text' expects an integer, found string \"着 ch'aku\"",
                () -> metadata.findInt("text"));
        assertMessage(
                "every value: metadata key 'u32' expects an integer from -2147483648 to 2147483647, found uint32 4000000000",
                () -> metadata.requireInt("u32"));
        assertMessage(
                "every value: metadata key 'u64' expects an integer from -9223372036854775808 to 9223372036854775807, found uint64 18446744073709551615",
                () -> metadata.requireLong("u64"));
        assertMessage(
                "every value: metadata key 'ints' expects an array of string, found array of 3 int32",
                () -> metadata.requireStrings("ints"));
        assertMessage(
                "every value: metadata key 'f32' expects a bool, found float32 1.5", () -> metadata.findBool("f32"));
        assertMessage(
                "every value: metadata key 'yes' expects a number, found bool true",
                () -> metadata.requireDouble("yes"));
        assertMessage(
                "every value: metadata key 'strings' expects an array of numbers, found array of 4 string",
                () -> metadata.findNumbers("strings"));
    }

    @Test
    void theMapIsNotToBeChanged() {
        assertThrows(UnsupportedOperationException.class, () -> metadata.asMap().clear());
        assertEquals(new GgufMetadata("other source", metadata.asMap()), metadata);
        assertFalse(new GgufMetadata("every value", Map.of()).equals(metadata));
    }

    private static void assertMessage(String message, Executable call) {
        assertEquals(message, assertThrows(BadInputException.class, call).getMessage());
    }
}
