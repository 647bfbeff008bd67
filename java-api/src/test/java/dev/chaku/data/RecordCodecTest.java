package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecordCodecTest {
    @Test
    void everyValueComesBackAsItWas() {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("", null);
        record.put("text", "héllo 数 \uD83E\uDD99 \0");
        record.put("half", "a\uD83E b");
        record.put("long", "x".repeat(70_000));
        record.put(
                "integers",
                List.of(
                        Long.MIN_VALUE,
                        -1L,
                        0L,
                        Long.MAX_VALUE,
                        BigInteger.TWO.pow(200).negate()));
        record.put("numbers", List.of(-0.0, Double.POSITIVE_INFINITY, Double.MIN_VALUE, 0.1));
        record.put("truths", Arrays.asList(true, false, null));
        record.put("nested", Map.of("list", new ArrayList<>(), "map", Map.of()));
        Object back = RecordCodec.decode(RecordCodec.encode(record));
        assertEquals(record, back);
        assertEquals(List.copyOf(record.keySet()), List.copyOf(((Map<?, ?>) back).keySet()));
    }
}
