package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * Forms of any characters: what is wrong is a BadInputException of one line, and what is right leads into no dead end.
 */
class FormFuzzTest {
    private static final TokenTrie TRIE = Vocabularies.of("aa", "\":", "{\"", "\u00e9", "12");
    private static final FormatSets FORMATS = new FormatSets();

    @FuzzTest
    void grammar(byte[] bytes) {
        requireSound(() -> new GbnfParser("grammar", text(bytes), null).parse());
    }

    @FuzzTest
    void expression(byte[] bytes) {
        requireSound(() -> Grammar.of("root", new Expression.Embedded(Regex.whole("regex", text(bytes)))));
    }

    @FuzzTest
    void schema(byte[] bytes) {
        requireSound(() -> SchemaGrammar.of(OutputForm.jsonSchema(text(bytes)), FORMATS));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private interface Source {
        Grammar read();
    }

    private static void requireSound(Source source) {
        CompiledForm form;
        try {
            form = Vocabularies.form(source.read(), TRIE);
        } catch (BadInputException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            return;
        }
        Random random = new Random(1);
        FormCursor cursor = form.begin();
        int[] allowed = new int[TRIE.vocabSize()];
        for (int step = 0; step < 30 && !cursor.isEnd(); step++) {
            int n = cursor.allowed(allowed);
            assertTrue(n > 0, "a dead end");
            int token = allowed[random.nextInt(n)];
            if (TRIE.isEnd(token)) {
                return;
            }
            assertTrue(cursor.accept(token));
        }
    }
}
