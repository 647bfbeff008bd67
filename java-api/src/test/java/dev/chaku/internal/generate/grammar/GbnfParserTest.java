package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GbnfParserTest {
    private static final TokenTrie TRIE = Vocabularies.of("ab", "\u00e9\u00e9");

    private static CompiledForm form(String grammar) {
        return Vocabularies.form(new GbnfParser("grammar", grammar, null).parse(), TRIE);
    }

    private static void assertTexts(String grammar, String accepted, String refused) {
        CompiledForm form = form(grammar);
        for (String text : accepted.split("\\|", -1)) {
            assertTrue(Vocabularies.accepts(form, text), grammar + " takes '" + text + "'");
        }
        for (String text : refused.split("\\|", -1)) {
            assertFalse(Vocabularies.accepts(form, text), grammar + " refuses '" + text + "'");
        }
    }

    @Test
    void readsWhatTheNotationHas() {
        assertTexts("root ::= \"a\" | \"b\" \"c\"", "a|bc", "|b|c|ab|abc");
        assertTexts("root ::= (\"a\" |\n \"b\")+ # over lines\n\n", "a|b|abba", "|c");
        assertTexts("root ::= [a-c]{2,3} [^x]", "abx1|".substring(0, 2) + "cz|abcz", "ab|abx|abccz");
        assertTexts("root ::= a{2} b{,1} c{1,}\na ::= \"a\"\nb ::= \"b\"\nc ::= \"c\"", "aac|aabccc", "aa|abc|aabbc");
        assertTexts("root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\\\\\"\"", "A\u00e9\ud83d\ude00\n\t\\\"", "A");
        assertTexts("root ::= .", "a|\u00e9|\u3042|\ud83d\ude00", "|ab");
        assertTexts("root ::= [\\]\\\\^-]", "]|\\|^|-", "a");
        assertTexts("root ::= x-1_y\r\nx-1_y ::= | \"a\"", "|a", "b");
        assertTexts("root ::= \"a\"? \"b\"*", "|a|abb", "aa");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "x ::= [a]; expected a rule named root, found none",
                "root ::= y; expected a rule named y, which is called, found none",
                "root = [a]; line 1, column 6: expected ::= after the name of a rule, found '='",
                "root ::= ([a]; line 1, column 14: expected ) after a group, found the end",
                "root ::= [a; expected more, found the end",
                "root ::= [z-a]; expected a range in ascending order, found z-a",
                "root ::= [a]{3,2}; expected at least 3 repetitions as the maximum, found 2",
                "root ::= [a]{999999999}; expected a number of repetitions of at most 300000, found more",
                "root ::= [\\q]; after a backslash, found 'q'",
                "root ::= [\\uD800]; expected a character of Unicode, found d800",
                "root ::= <nope>; expected a token of the model, found <nope>",
                "root ::= root [a]; expected a form that some text can have, found none: root never ends",
                "root ::= [a] | *; expected the end of the rule, found '*'",
            })
    void saysWhatIsWrong(String grammar, String problem) {
        BadInputException e = assertThrows(BadInputException.class, () -> form(grammar));
        assertTrue(e.getMessage().startsWith("grammar: "), e.getMessage());
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    @Test
    void twoRulesOfANameAreRefused() {
        BadInputException e = assertThrows(BadInputException.class, () -> form("root ::= \"a\"\nroot ::= \"b\"\n"));
        assertEquals("grammar: line 2, column 5: expected one rule named root, found two", e.getMessage());
    }

    @Test
    void rulesThatBeginWithEachOtherAreRefusedByName() {
        BadInputException e = assertThrows(
                BadInputException.class,
                () -> form("root ::= a | \"x\"\na ::= b \"a\" | \"a\"\nb ::= a \"b\" | \"b\""));
        assertEquals("grammar: expected rules that do not begin with each other, found b -> a -> b", e.getMessage());
    }

    @Test
    void tokensAreTakenByIdAlone() {
        CompiledForm form = form("root ::= \"x\" <[257]> !<[3]> \"y\"");
        FormCursor cursor = form.begin();
        assertTrue(cursor.accept('x'));
        assertFalse(cursor.copy().accept('a'));
        MachineTest.requireExactMask(cursor, TRIE, "a token");
        assertTrue(cursor.accept(257));
        assertFalse(cursor.copy().accept(3));
        MachineTest.requireExactMask(cursor, TRIE, "other tokens");
        assertTrue(cursor.accept(258), "special ones too");
        assertTrue(cursor.accept('y'));
        assertTrue(cursor.isEnd());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "arithmetic | 'a=1\n' | 'a1=1'",
                "c | 'int f(int a){return a+1;}' | 'int f('",
                "chess | '1. e4 e5\n2. Nf3 Nc6\n' | '1. e9 e5\n2. Nf3 Nc6\n'",
                "english | 'A suit, two suits.' | 'A suit  twice'",
                "japanese | '\u7740\u308b\u3002' | 'kiru'",
                "json | '{\"a\": [1, -2.5e3, \"\\u00e9\", {}], \"b\": null}' | '{\"a\": [1,]}'",
                "json_arr | '[\n1,\n\"x\"]' | '[1]'",
                "list | '- one\n- two\n' | '- one\n* two\n'",
            })
    void readsTheGrammarsOfOthers(String name, String accepted, String refused) throws IOException {
        String grammar = Files.readString(ReferenceData.require("grammars/" + name + ".gbnf"));
        CompiledForm form = form(grammar);
        assertTrue(Vocabularies.accepts(form, accepted), accepted);
        assertFalse(Vocabularies.accepts(form, refused), refused);
    }
}
