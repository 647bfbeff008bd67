package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.generate.OutputForm;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks of real vocabularies: what they allow is what leads on, token by token, and the text comes out as formed. */
class TokenizerMasksTest {
    private static final String JSON = """
            root ::= object
            value ::= object | array | string | number | "true" | "false" | "null"
            object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}"
            array ::= "[" ws (value ("," ws value)*)? "]"
            string ::= "\\"" char* "\\""
            char ::= [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4})
            number ::= "-"? ([0-9] | [1-9] [0-9]{0,15}) ("." [0-9]+)?
            ws ::= | " " | "\\n" [ \\t]{0,20}
            """;

    static Tokenizer tokenizer(String name) {
        return Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/" + name)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt-2.gguf",
                "llama-spm.gguf",
                "phi-3.gguf",
                "mpt.gguf",
                "deepseek-llm.gguf",
                "deepseek-coder.gguf",
                "bert-bge.gguf"
            })
    void aRandomModelStaysWithinTheForm(String name) {
        Tokenizer tokenizer = tokenizer(name);
        FormCompiler compiler = new FormCompiler(tokenizer);
        List<OutputForm> forms = List.of(
                OutputForm.gbnf(JSON),
                OutputForm.regex("[a-z]{1,40}(,[a-z]+)*"),
                OutputForm.regex("(\\p{L}|[\u3041-\u309f \u00e9\ud83d\ude00])*!"),
                OutputForm.choices("positive", "negative", "neutral", "pos"));
        for (OutputForm form : forms) {
            CompiledForm compiled = compiler.compile(form);
            for (int seed = 0; seed < 6; seed++) {
                walk(compiled, tokenizer, new Random(seed), seed == 0, name + " " + form);
            }
        }
    }

    private static void walk(CompiledForm form, Tokenizer tokenizer, Random random, boolean exact, String where) {
        FormCursor cursor = form.begin();
        FormCursor bytes = form.begin();
        int[] allowed = new int[tokenizer.vocabSize()];
        for (int step = 0; step < 40 && !cursor.isEnd(); step++) {
            if (exact && step % 8 == 3) {
                MachineTest.requireExactMask(cursor, form.trie(), where);
            }
            int n = cursor.allowed(allowed);
            assertTrue(n > 0, where);
            int token = allowed[random.nextInt(n)];
            if (tokenizer.isEndOfGeneration(token)) {
                assertTrue(cursor.isComplete(), where);
                return;
            }
            assertFalse(tokenizer.isSpecial(token), where);
            assertTrue(cursor.accept(token), where);
            for (byte value : tokenizer.bytes(token)) {
                assertTrue(bytes.acceptByte(value & 0xff), where);
            }
            assertEquals(bytes.isComplete(), cursor.isComplete(), where);
        }
    }
}
