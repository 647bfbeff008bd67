package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceJson;
import dev.chaku.errors.BadInputException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * What Python's jinja2 3.1.6 makes of templates without variables, in a sandbox with trim_blocks, lstrip_blocks and
 * loop controls: {@code jinja2.json} has, by the class that does most of the work, a source with its text, or with the
 * exception that it raises.
 */
final class Jinja2 {
    private Jinja2() {}

    static Stream<DynamicTest> cases(String section) {
        Path file;
        try {
            file = Path.of(Jinja2.class.getResource("jinja2.json").toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
        Map<String, Object> sections = ReferenceJson.object(ReferenceJson.read(file));
        List<?> cases = (List<?>) sections.get(section);
        return cases.stream()
                .map(entry -> (List<?>) entry)
                .map(entry -> DynamicTest.dynamicTest(entry.get(0).toString(), () -> check(entry)));
    }

    static String render(String source) {
        return ChatTemplate.parse("t", source, "", "")
                .render(List.of(), List.of(), false, Map.of())
                .text();
    }

    private static void check(List<?> entry) {
        String source = entry.get(0).toString();
        if (entry.get(1) instanceof String expected) {
            assertEquals(expected, render(source));
            return;
        }
        String message =
                assertThrows(BadInputException.class, () -> render(source)).getMessage();
        // Faults of syntax are told without their kind.
        String kind = ReferenceJson.object(entry.get(1)).get("raises").toString();
        assertTrue(kind.equals("TemplateSyntaxError") || message.contains(": " + kind + ": "), message);
    }
}
