package dev.chaku.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.generate.grammar.FormCompiler;
import dev.chaku.internal.generate.grammar.FormCursor;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JavaSchemaTest {
    enum Size {
        SMALL,
        LARGE
    }

    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(@Description("Length of a side") int side) implements Shape {}

    @Description("A tree")
    record Tree(String name, List<Tree> children) {}

    record All(
            String text,
            boolean truth,
            byte small,
            long large,
            float single,
            Size size,
            LocalDate date,
            LocalTime time,
            LocalDateTime dateTime,
            OffsetDateTime offset,
            Instant instant,
            Duration duration,
            UUID id,
            URI uri,
            List<Shape> shapes,
            Map<String, Integer> counts,
            Optional<Tree> tree) {}

    record Positive(int value) {
        Positive {
            if (value <= 0) {
                throw new IllegalArgumentException("value is " + value);
            }
        }
    }

    record Wrong(Object any) {}

    @Test
    void recordsAreSchemas() {
        assertEquals(
                "{\"type\":\"object\",\"properties\":{\"radius\":{\"type\":\"number\"}},\"required\":[\"radius\"],"
                        + "\"additionalProperties\":false}",
                JavaSchema.of(Circle.class));
        assertEquals(
                "{\"$ref\":\"#/$defs/Tree\",\"$defs\":{\"Tree\":{\"type\":\"object\",\"properties\":{\"name\":"
                        + "{\"type\":\"string\"},\"children\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Tree\"}}},"
                        + "\"required\":[\"name\",\"children\"],\"additionalProperties\":false,"
                        + "\"description\":\"A tree\"}}}",
                sorted(JavaSchema.of(Tree.class)));
        assertTrue(JavaSchema.of(Shape.class).contains("\"type\":{\"const\":\"Circle\"}"));
        assertTrue(JavaSchema.of(Shape.class).contains("\"description\":\"Length of a side\""));
    }

    /** The order of two keys is not told. */
    private static String sorted(String schema) {
        return schema.replace(
                "{\"items\":{\"$ref\":\"#/$defs/Tree\"},\"type\":\"array\"}",
                "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Tree\"}}");
    }

    @Test
    void valuesAreReadAndWritten() {
        Shape shape = JavaSchema.read("{\"type\":\"Square\",\"side\":3}", Shape.class);
        assertEquals(new Square(3), shape);
        assertEquals("{\"type\":\"Square\",\"side\":3}", JavaSchema.write(shape));
        Tree tree = new Tree("a", List.of(new Tree("b", List.of())));
        assertEquals(tree, JavaSchema.read(JavaSchema.write(tree), Tree.class));
    }

    @Test
    void whatIsWrongIsNamed() {
        assertProblem("Wrong.any: expected a type that JSON has values of", () -> JavaSchema.of(Wrong.class));
        assertProblem("type of an answer: expected a record", () -> JavaSchema.of(String.class));
        assertProblem("answer.side: expected a value, found none", () -> JavaSchema.read("{}", Square.class));
        assertProblem(
                "answer.children[0].name: expected a value of java.lang.String, found 1",
                () -> JavaSchema.read("{\"name\":\"a\",\"children\":[{\"name\":1,\"children\":[]}]}", Tree.class));
        assertProblem(
                "answer: dev.chaku.chat.JavaSchemaTest$Positive refuses what the model wrote: value is 0",
                () -> JavaSchema.read("{\"value\":0}", Positive.class));
        assertProblem("answer.type: expected a record of", () -> JavaSchema.read("{\"type\":\"Oval\"}", Shape.class));
    }

    private static void assertProblem(String begin, Runnable call) {
        BadInputException e = assertThrows(BadInputException.class, call::run);
        assertTrue(e.getMessage().startsWith(begin), e.getMessage());
    }

    /** Whatever a model may write by the schema is a value, and comes back the same. */
    @Test
    void whateverTheFormAllowsIsAValue() {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/gpt-2.gguf")));
        CompiledForm form = new FormCompiler(tokenizer).compile(OutputForm.jsonSchema(JavaSchema.of(All.class)));
        for (int seed = 0; seed < 60; seed++) {
            String json = write(form, tokenizer, new Random(seed));
            All value = JavaSchema.read(json, All.class);
            assertEquals(value, JavaSchema.read(JavaSchema.write(value), All.class), json);
        }
    }

    private static String write(CompiledForm form, Tokenizer tokenizer, Random random) {
        FormCursor cursor = form.begin();
        TokenDecoder decoder = tokenizer.decoder(false);
        StringBuilder text = new StringBuilder();
        int[] allowed = new int[form.vocabSize()];
        int free = 20 + random.nextInt(300);
        for (int step = 0; step < free && !cursor.isEnd(); step++) {
            int n = cursor.allowed(allowed);
            // The end of what is begun half of the time, or strings would never end.
            int[] end = cursor.shortestEnd();
            int token = end.length > 0 && random.nextBoolean() ? end[0] : allowed[random.nextInt(n)];
            if (tokenizer.isEndOfGeneration(token)) {
                break;
            }
            assertTrue(cursor.accept(token), text::toString);
            text.append(decoder.add(token));
        }
        for (int token : cursor.shortestEnd()) {
            assertTrue(cursor.accept(token), text::toString);
            text.append(decoder.add(token));
        }
        assertTrue(cursor.isComplete());
        return text + decoder.finish();
    }
}
