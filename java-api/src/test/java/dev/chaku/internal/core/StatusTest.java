package dev.chaku.internal.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.DeviceException;
import dev.chaku.errors.InternalException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatusTest {
    @ParameterizedTest
    @CsvSource({
        "1, bad",
        "2, internal",
        "3, bad",
        "10, bad",
        "11, bad",
        "20, resource",
        "21, resource",
        "30, device",
        "31, device",
        "40, cancelled",
        "90, internal",
        "77, internal"
    })
    void everyStatusAsksForItsReaction(int status, String kind) {
        ChakuException e = Status.exception(status, "[op] expected 1, got 2", "blk.0");
        Class<? extends ChakuException> expected =
                switch (kind) {
                    case "bad" -> BadInputException.class;
                    case "resource" -> ResourceException.class;
                    case "device" -> DeviceException.class;
                    case "cancelled" -> OperationCancelledException.class;
                    default -> InternalException.class;
                };
        assertInstanceOf(expected, e);
        String text = "blk.0: expected 1, got 2";
        // The operation in the core is told to those alone who look for a fault in it.
        assertEquals(
                kind.equals("internal") ? "blk.0: [op] expected 1, got 2 (status " + status + ")" : text,
                e.getMessage());
    }
}
