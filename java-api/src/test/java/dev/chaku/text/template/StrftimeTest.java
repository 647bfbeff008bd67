package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;

class StrftimeTest {
    private static final ZonedDateTime TIME = ZonedDateTime.of(2026, 1, 2, 15, 4, 5, 678_000_000, ZoneOffset.UTC);

    @Test
    void directivesAreThoseOfC() {
        assertEquals(
                "Fri Friday Jan January 02  2 01 26 2026 15 03 04 05 678000 PM 002 5 +0000",
                Strftime.format(TIME, "%a %A %b %B %d %e %m %y %Y %H %I %M %S %f %p %j %w %z"));
        assertEquals("01/02/26 2026-01-02 15:04:05 15:04 %", Strftime.format(TIME, "%D %F %T %R %%"));
        assertEquals("2/1 3:4", Strftime.format(TIME, "%-d/%-m %-I:%-M"));
        assertEquals("%Q %", Strftime.format(TIME, "%Q %"));
    }
}
