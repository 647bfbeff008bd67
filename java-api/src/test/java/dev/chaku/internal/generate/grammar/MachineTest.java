package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Small grammars, random and chosen, against a recogniser that tries everything; masks against a step of each token.
 */
class MachineTest {
    private static final int LONGEST = 6;
    private static final TokenTrie TRIE = Vocabularies.of("aa", "ab", "ba", "abab", "bbb", "aab", "babab", "bb", "c");

    @Test
    void randomGrammarsAcceptWhatTheyShould() {
        int compiled = 0;
        int accepted = 0;
        for (int seed = 0; seed < 500; seed++) {
            Grammar grammar = random(new Random(seed));
            CompiledForm form;
            try {
                form = Vocabularies.form(grammar, TRIE);
            } catch (BadInputException e) {
                String problem = e.getMessage();
                assertTrue(problem.contains("never ends") || problem.contains("begin with each other"), problem);
                continue;
            }
            compiled++;
            accepted += requireSameTexts(grammar, form, "seed " + seed);
        }
        assertTrue(compiled > 200, compiled + " compiled");
        assertTrue(accepted > 3_000, accepted + " texts accepted");
    }

    @Test
    void masksAreExact() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            CompiledForm form;
            try {
                form = Vocabularies.form(random(random), TRIE);
            } catch (BadInputException e) {
                continue;
            }
            FormCursor cursor = form.begin();
            for (int step = 0; step < 12 && !cursor.isEnd(); step++) {
                requireExactMask(cursor, TRIE, "seed " + seed + " step " + step);
                int[] allowed = new int[TRIE.vocabSize()];
                int n = cursor.allowed(allowed);
                int token = allowed[random.nextInt(n)];
                if (TRIE.isEnd(token)) {
                    break;
                }
                assertTrue(cursor.accept(token));
            }
        }
    }

    static void requireExactMask(FormCursor cursor, TokenTrie trie, String where) {
        for (int id = 0; id < trie.vocabSize(); id++) {
            boolean expected =
                    trie.isEnd(id) && cursor.isComplete() || cursor.copy().accept(id);
            if (expected != cursor.allows(id)) {
                assertEquals(
                        expected,
                        cursor.allows(id),
                        where + " token " + id + " '" + new String(trie.bytes(id), StandardCharsets.UTF_8) + "'");
            }
        }
    }

    @Test
    void leftRecursionIsRead() {
        Grammar grammar = new GbnfParser(
                        "g", "root ::= root \"a\" | root root \"b\" | \"b\" | x\nx ::= x \"c\" root | \"a\"", null)
                .parse();
        assertTrue(requireSameTexts(grammar, Vocabularies.form(grammar, TRIE), "left recursion") > 10);
    }

    @Test
    void ambiguityStaysSmall() {
        Grammar grammar = new GbnfParser("g", "root ::= s\ns ::= s s | s s s | \"a\" | \"a\" \"a\"", null).parse();
        CompiledForm form = Vocabularies.form(grammar, TRIE);
        assertTrue(Vocabularies.accepts(form, "a".repeat(300)));
    }

    @Test
    void innerListsComeBackToTheSameStates() {
        Grammar grammar = new GbnfParser("g", "root ::= \"a\" root* \"b\"", null).parse();
        CompiledForm form = Vocabularies.form(grammar, TRIE);
        Set<Object> masks = new HashSet<>();
        FormCursor cursor = form.begin();
        assertTrue(cursor.accept('a'));
        for (int i = 0; i < 50; i++) {
            assertTrue(cursor.accept('a'));
            masks.add(cursor.mask());
            assertTrue(cursor.accept('b'));
        }
        assertEquals(1, masks.size());
    }

    /** How many texts both accept; fails where they differ. */
    private static int requireSameTexts(Grammar grammar, CompiledForm form, String where) {
        NaiveRecognizer naive = new NaiveRecognizer(grammar);
        List<String> alive = new ArrayList<>(List.of(""));
        int accepted = 0;
        for (int length = 0; length <= LONGEST; length++) {
            List<String> longer = new ArrayList<>();
            for (String text : alive) {
                boolean expected = naive.accepts(text.getBytes(StandardCharsets.UTF_8));
                assertEquals(expected, Vocabularies.accepts(form, text), where + ": '" + text + "' of " + grammar);
                accepted += expected ? 1 : 0;
                longer.addAll(List.of(text + "a", text + "b", text + "c"));
            }
            alive = length < LONGEST ? longer : List.of();
        }
        return accepted;
    }

    private static Grammar random(Random random) {
        int rules = 1 + random.nextInt(3);
        List<Grammar.Rule> made = new ArrayList<>();
        for (int i = 0; i < rules; i++) {
            made.add(new Grammar.Rule("r" + i, expression(random, rules, 3)));
        }
        return new Grammar(made, 0, List.of());
    }

    private static Expression expression(Random random, int rules, int depth) {
        int kind = random.nextInt(depth == 0 ? 3 : 8);
        switch (kind) {
            case 0:
                return Expression.text(random.nextBoolean() ? "a" : "ba");
            case 1:
                return new Expression.Characters(CharacterSet.of(random.nextBoolean() ? "ab" : "c"));
            case 2:
                return random.nextInt(4) == 0 ? Expression.EMPTY : new Expression.Call(random.nextInt(rules));
            case 3, 4:
                return Expression.sequence(expression(random, rules, depth - 1), expression(random, rules, depth - 1));
            case 5, 6:
                return Expression.choice(expression(random, rules, depth - 1), expression(random, rules, depth - 1));
            default:
                int minimum = random.nextInt(3);
                int maximum = random.nextBoolean() ? -1 : minimum + random.nextInt(2);
                return new Expression.Repeat(expression(random, rules, depth - 1), minimum, maximum);
        }
    }
}
