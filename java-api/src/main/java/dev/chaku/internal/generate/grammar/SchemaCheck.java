package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.json.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Says whether values are valid by a JSON Schema, with the grammar that generated text is held to: a value is written
 * without white space and read byte by byte. Not thread-safe.
 */
public final class SchemaCheck {
    private static final int BYTES = 256;
    private static final String WHAT = "JSON schema";

    private final CompiledForm form;

    /**
     * Compiles a schema.
     *
     * @throws BadInputException if it is none, or has a keyword that no grammar can hold to
     */
    public SchemaCheck(String schema) {
        byte[][] tokens = new byte[BYTES][];
        for (int value = 0; value < BYTES; value++) {
            tokens[value] = new byte[] {(byte) value};
        }
        TokenTrie trie = new TokenTrie(tokens, new BitSet());
        OutputForm.JsonSchema asked = new OutputForm.JsonSchema(schema, true, true);
        Grammar grammar = SchemaGrammar.of(asked, new FormatSets());
        form = new CompiledForm(asked, GrammarCompiler.compile(grammar, trie.singles(), WHAT), trie, WHAT);
    }

    /**
     * Whether a value is valid.
     *
     * @param value as {@link dev.chaku.internal.json.JsonTree} reads it
     */
    public boolean accepts(@Nullable Object value) {
        FormCursor cursor = form.begin();
        for (byte one : JsonText.of(value).getBytes(StandardCharsets.UTF_8)) {
            if (!cursor.accept(one & 0xff)) {
                return false;
            }
        }
        return cursor.isComplete();
    }
}
