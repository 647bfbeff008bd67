package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommonEdgeTest {
    private static List<Finding> others(CommonEdge edge) {
        List<Finding> findings = new ArrayList<>();
        edge.others().into(findings, "", "", "");
        return findings;
    }

    @Test
    void whatMostTextsEndInIsUsual() {
        for (int n : new int[] {10, 3000}) {
            CommonEdge end = new CommonEdge(true, "x");
            for (int i = 0; i < n; i++) {
                end.see("f:" + i, "word" + i + (i == n - 2 ? "?" : " ->\n"));
            }
            assertEquals("", end.shared());
            assertEquals(" ->\n", end.usual());
            assertEquals("f:" + (n - 2), others(end).get(0).places().get(0).source());
            assertEquals(1, others(end).get(0).count());
        }
    }

    @Test
    void wordsAreNoMark() {
        CommonEdge begin = new CommonEdge(false, "x");
        begin.see("f:1", "Answer one");
        begin.see("f:2", "Answer two");
        assertEquals("Answer ", begin.shared());
        assertEquals("", begin.usual());
        assertEquals(List.of(), others(begin));
    }
}
