package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class BudgetTest {
    private final Budget budget = new Budget(new TemplateLimits(1000, 3, 100));

    private static String fault(Executable work) {
        return assertThrows(TemplateFault.class, work).getMessage();
    }

    @Test
    void stepsAreOneSum() {
        budget.elements(500);
        budget.scan("x".repeat(160));
        budget.search("x".repeat(160), "y".repeat(16));
        budget.takeApart("x".repeat(100));
        budget.elements(1000 - 500 - 10 - (10 + 10) - 200);
        assertEquals("more than 1000 steps", fault(() -> budget.elements(1)));
    }

    @Test
    void depthIsWhatIsEnteredAndNotLeft() {
        for (int i = 0; i < 10; i++) {
            budget.enter();
            budget.leave();
        }
        budget.enter();
        budget.enter();
        budget.enter();
        assertEquals("nested deeper than 3 levels", fault(budget::enter));
        assertEquals("data nested deeper than 3 levels", fault(() -> budget.nesting(4)));
    }

    @Test
    void aTextHasALongestLength() {
        budget.characters(100, 100);
        assertEquals("a text of 101 characters is longer than the 100 allowed", fault(() -> budget.characters(101, 1)));
    }
}
