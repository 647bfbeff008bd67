package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ListChainTest {
    @Test
    void isTheListsOneAfterTheOther() {
        ListChain<String> chain = new ListChain<>(List.of(List.of("a", "b"), List.of(), List.of("c")));
        assertEquals(List.of("a", "b", "c"), chain);
        assertThrows(IndexOutOfBoundsException.class, () -> chain.get(3));
    }

    @Test
    void aViewPicksFromIt() {
        assertEquals(
                List.of("c", "a", "c"),
                new IndexView<>(new ListChain<>(List.of(List.of("a", "b"), List.of("c"))), new int[] {2, 0, 2}));
    }
}
