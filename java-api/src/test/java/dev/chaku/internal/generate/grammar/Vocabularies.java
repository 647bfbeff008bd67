package dev.chaku.internal.generate.grammar;

import dev.chaku.generate.OutputForm;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Small vocabularies: all bytes, then given pieces, then one token that ends a text. */
final class Vocabularies {
    private Vocabularies() {}

    static TokenTrie of(String... pieces) {
        List<byte[]> bytes = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            bytes.add(new byte[] {(byte) value});
        }
        for (String piece : pieces) {
            bytes.add(piece.getBytes(StandardCharsets.UTF_8));
        }
        BitSet ends = new BitSet();
        ends.set(bytes.size());
        bytes.add(new byte[0]);
        return new TokenTrie(bytes.toArray(byte[][]::new), ends);
    }

    static CompiledForm form(Grammar grammar, TokenTrie trie) {
        OutputForm form = OutputForm.gbnf("not written");
        return new CompiledForm(form, GrammarCompiler.compile(grammar, trie.singles(), "grammar"), trie, "grammar");
    }

    /** Whether a text of single bytes has a form. */
    static boolean accepts(CompiledForm form, String text) {
        FormCursor cursor = form.begin();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            if (!cursor.accept(value & 0xff)) {
                return false;
            }
        }
        return cursor.isComplete();
    }
}
