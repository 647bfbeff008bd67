package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PromptGroupsTest {
    @Test
    void examplesOfOnePromptAreAGroupHoweverManyThereAre() {
        Random random = new Random(1);
        List<Example> examples = new ArrayList<>();
        List<Integer> seen = new ArrayList<>();
        int[] expected = new int[20_000];
        for (int i = 0; i < expected.length; i++) {
            int prompt = random.nextInt(5000);
            examples.add(new Example.PromptCompletion("f:" + i, "prompt " + prompt, "answer " + i));
            if (!seen.contains(prompt)) {
                seen.add(prompt);
            }
            expected[i] = seen.indexOf(prompt);
        }
        assertArrayEquals(expected, PromptGroups.of(examples));
    }
}
