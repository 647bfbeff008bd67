package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.adapter.merge.LowRankTerm.Rows;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class LowRankTermTest {
    @Test
    void rowsThatLieTogether() {
        Rows rows = new Rows(10, 5, 0);
        assertEquals(-1, rows.local(9));
        assertEquals(0, rows.local(10));
        assertEquals(4, rows.local(14));
        assertEquals(-1, rows.local(15));
    }

    /** Two of one product, two of the other, and so on. */
    @Test
    void rowsInTurns() {
        Rows one = new Rows(0, 6, 2);
        Rows other = new Rows(2, 6, 2);
        long[] ofOne = {0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1};
        long[] ofOther = {-1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5};
        for (int row = 0; row < 12; row++) {
            assertEquals(ofOne[row], one.local(row), "row " + row);
            assertEquals(ofOther[row], other.local(row), "row " + row);
        }
    }

    @Test
    void meetingIsSharingARow() {
        assertFalse(new Rows(0, 10, 0).meets(new Rows(10, 5, 0)));
        assertTrue(new Rows(0, 11, 0).meets(new Rows(10, 5, 0)));
        assertFalse(new Rows(0, 6, 2).meets(new Rows(2, 6, 2)));
        assertTrue(new Rows(0, 6, 2).meets(new Rows(0, 6, 2)));
    }

    /** The sum of a row has one order, and rows of others get nothing. */
    @Test
    void addsItsDirectionsToItsRows() {
        int rank = 7;
        int columns = 5;
        float[] c = new float[2 * rank];
        float[] d = new float[rank * columns];
        for (int i = 0; i < d.length; i++) {
            d[i] = (float) Math.sin(i + 1);
            c[i % c.length] = (float) Math.cos(i);
        }
        LowRankTerm term = new LowRankTerm(0.3, rank, columns, c, 0, d, 0, new Rows(1, 2, 0));
        TermGroup group = new TermGroup(List.of(term), columns);
        TermBuffers buffers = new TermBuffers();
        FloatBuffer rows = DirectBuffers.floats(3 * columns);
        for (int i = 0; i < 3 * columns; i++) {
            rows.put(i, i + 1);
        }
        Engines.changeRows()
                .addLowRank(rows, columns, buffers.coefficients(group, 0, 3), buffers.directions(group), rows);
        for (int row = 0; row < 3; row++) {
            for (int k = 0; k < columns; k++) {
                double sum = row * columns + k + 1;
                for (int r = 0; r < rank && row > 0; r++) {
                    sum += 0.3 * c[(row - 1) * rank + r] * d[r * columns + k];
                }
                assertEquals((float) sum, rows.get(row * columns + k), "row " + row);
            }
        }
        assertFalse(term.touches(0));
        assertTrue(term.touches(1));
    }
}
