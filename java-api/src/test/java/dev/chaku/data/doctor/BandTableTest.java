package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BandTableTest {
    @Test
    void keepsTheFirstNumbersOfEveryKey() {
        Random random = new Random(2);
        BandTable table = new BandTable(3);
        Map<Long, List<Integer>> expected = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            long key = random.nextInt(6000) * 0x9E3779B97F4A7C15L;
            table.add(key, i);
            List<Integer> numbers = expected.computeIfAbsent(key, k -> new ArrayList<>());
            if (numbers.size() < 3) {
                numbers.add(i);
            }
        }
        expected.forEach((key, numbers) -> assertEquals(numbers, numbers(table, key)));
        assertEquals(List.of(), numbers(table, 1));
    }

    private static List<Integer> numbers(BandTable table, long key) {
        List<Integer> numbers = new ArrayList<>();
        for (int entry = table.first(key); entry >= 0; entry = table.after(entry)) {
            numbers.add(table.number(entry));
        }
        return numbers;
    }
}
