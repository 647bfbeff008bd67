package dev.chaku.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ModelOptions;
import dev.chaku.data.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
    private static final World WORLD = World.load();

    @TempDir
    Path folder;

    @Test
    void noHeldOutFactIsTrainedInAnyPhrasing() {
        DemoData data = DemoData.of(WORLD);
        Set<String> trained =
                data.train().stream().map(q -> q.thing().en() + q.facet()).collect(Collectors.toSet());
        assertEquals(600, data.train().size());
        assertEquals(40, data.heldOut().size());
        for (Question question : data.heldOut()) {
            assertFalse(trained.contains(question.thing().en() + question.facet()), question.text());
        }
        assertTrue(data.heldOut().stream().map(Question::language).distinct().count() == 2);
    }

    @Test
    void theCorpusIsTheSameForTheSameSeed() {
        List<String> first = new Corpus(WORLD, 7).documents();
        assertEquals(first, new Corpus(WORLD, 7).documents());
        assertNotEquals(first, new Corpus(WORLD, 8).documents());
        assertTrue(first.stream().anyMatch(d -> d.startsWith(Corpus.USER))
                && first.stream().anyMatch(d -> d.startsWith("{")));
    }

    @Test
    void anAnswerIsValidOnlyInItsWholeForm() {
        Question en = DemoData.of(WORLD).train().stream()
                .filter(q -> q.language() == World.Language.EN)
                .findFirst()
                .orElseThrow();
        Question ja = DemoData.of(WORLD).train().stream()
                .filter(q -> q.language() == World.Language.JA)
                .findFirst()
                .orElseThrow();
        assertTrue(Scores.isValid(en, en.jsonAnswer()));
        assertTrue(Scores.isValid(ja, ja.jsonAnswer()));
        assertFalse(Scores.isValid(en, en.plainAnswer()));
        assertFalse(Scores.isValid(en, ja.jsonAnswer()), "another language");
        assertFalse(Scores.isValid(en, en.jsonAnswer() + " and more"), "text after the object");
        assertFalse(Scores.isValid(en, "{\"lang\": \"en\", \"answer\": \"x\"}"), "a key is missing");
        assertFalse(Scores.isValid(ja, "{\"lang\": \"ja\", \"topic\": \"猫\", \"answer\": \"猫は灰色だ。\"}"), "not polite");
        Scores scores = Scores.of(List.of(en, ja), List.of(en.jsonAnswer(), ja.plainAnswer()));
        assertEquals(new Scores(2, 1, 2), scores);
    }

    @Test
    void fineTuningTeachesTheForm() throws IOException {
        Demo.Outcome outcome =
                new Demo(folder.resolve("demo"), ModelOptions.defaults()).run(stage -> {}, progress -> {});
        assertEquals(0, outcome.before().valid());
        assertTrue(outcome.before().rightShare() > 0.9, "the base knows its facts: " + outcome.before());
        assertTrue(outcome.after().validShare() >= 0.9, outcome.after().toString());
        assertTrue(Files.isRegularFile(outcome.adapter()));
        assertEquals(600, Dataset.read(outcome.data()).examples().size());
    }
}
