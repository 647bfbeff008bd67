package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.text.Tokenizer;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Compiles forms for the tokens of a vocabulary, each once: the last ones are kept, found by their content.
 * Thread-safe.
 */
public final class FormCompiler {
    /** Forms that are kept. */
    private static final int MOST_KEPT = 32;

    private final Tokenizer tokenizer;
    private final TokenTrie trie;
    private final ControlTokens control;
    private final BitSet spellable;
    private final FormatSets formats = new FormatSets();
    private final Map<OutputForm, CompiledForm> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<OutputForm, CompiledForm> eldest) {
            return size() > MOST_KEPT;
        }
    };

    public FormCompiler(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.control = new ControlTokens(tokenizer);
        byte[][] bytes = new byte[tokenizer.vocabSize()][];
        BitSet ends = new BitSet();
        for (int id = 0; id < bytes.length; id++) {
            boolean ending = tokenizer.isEndOfGeneration(id);
            ends.set(id, ending);
            bytes[id] = ending || tokenizer.isSpecial(id) ? new byte[0] : tokenizer.bytes(id);
        }
        this.trie = new TokenTrie(bytes, ends);
        this.spellable = trie.singles();
    }

    /**
     * Compiles a form, or finds it.
     *
     * @throws BadInputException if it is wrong, not supported, too large, or the vocabulary cannot spell it
     */
    public CompiledForm compile(OutputForm form) {
        synchronized (kept) {
            CompiledForm known = kept.get(form);
            if (known != null) {
                return known;
            }
        }
        String what = FormGrammar.name(form);
        Grammar grammar = new FormGrammar(tokenizer, control, formats).of(form);
        CompiledForm made = new CompiledForm(form, GrammarCompiler.compile(grammar, spellable, what), trie, what);
        synchronized (kept) {
            kept.put(form, made);
        }
        return made;
    }
}
