package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class WorkProgressTest {
    @Test
    void saysNothingOfWorkThatIsSoonOver() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true);
        try (WorkProgress progress = new WorkProgress(new Console(stream, stream, true, false, false), "checking")) {
            for (int i = 1; i <= 100; i++) {
                progress.at(i, 100);
            }
        }
        assertEquals("", err.toString());
    }
}
