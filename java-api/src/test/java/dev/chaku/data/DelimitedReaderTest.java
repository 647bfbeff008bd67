package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.StringReader;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DelimitedReaderTest {
    private static DelimitedReader csv(String text) throws IOException {
        return new DelimitedReader(new StringReader(text), ',', 1);
    }

    @Test
    void quotesHoldSeparatorsLineBreaksAndQuotes() throws Exception {
        DelimitedReader rows = csv("a,b\r\n\"x,\"\"y\"\"\r\nz\",2\r\n\r\n,\n");
        assertEquals(Map.of("a", "x,\"y\"\r\nz", "b", "2"), rows.next());
        assertEquals(2, rows.recordLine());
        assertEquals(Map.of("a", "", "b", ""), rows.next());
        assertEquals(5, rows.recordLine());
        assertNull(rows.next());
    }

    @Test
    void aQuoteWithinAPlainFieldIsACharacter() throws Exception {
        assertEquals(Map.of("a", "5\" disk"), csv("a\n5\" disk").next());
    }

    @Test
    void goesOnAfterARowThatIsWrong() throws Exception {
        DelimitedReader rows = csv("a,b\n1\n\"x\"y,2\n3,4\n\"open,5\n");
        assertEquals(
                "expected 2 fields as in the header, found 1",
                assertThrows(RecordFault.class, rows::next).getMessage());
        assertEquals(
                "expected a separator after the closing quote, found 'y'",
                assertThrows(RecordFault.class, rows::next).getMessage());
        assertEquals(Map.of("a", "3", "b", "4"), rows.next());
        assertEquals(
                "the quote opened in line 5 is not closed",
                assertThrows(RecordFault.class, rows::next).getMessage());
        assertNull(rows.next());
    }

    @Test
    void tabsSeparateWhenToldTo() throws Exception {
        assertEquals(
                Map.of("a", "1,5", "b", "2"), new DelimitedReader(new StringReader("a\tb\n1,5\t2"), '\t', 1).next());
    }
}
