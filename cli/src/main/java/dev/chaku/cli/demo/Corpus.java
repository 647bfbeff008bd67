package dev.chaku.cli.demo;

import dev.chaku.cli.demo.World.Language;
import dev.chaku.cli.demo.World.Thing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * The text that the demo's base model is pre-trained on: conversations, prose and records about the small world. One
 * document a string, the same for the same seed.
 */
final class Corpus {
    /** Special tokens of the base model; a conversation is written with them. */
    static final String USER = "<|user|>";

    static final String ASSISTANT = "<|assistant|>";
    static final String SYSTEM = "<|system|>";
    static final String END = "<|end|>";
    static final String START = "<|start|>";

    private final World world;
    private final Random random;

    Corpus(World world, long seed) {
        this.world = world;
        this.random = new Random(seed);
    }

    /** One pass: every question once, in conversations of one to three turns, and as much prose and records. */
    List<String> documents() {
        List<String> documents = new ArrayList<>();
        List<Question> questions = Question.all(world, random.nextLong());
        for (int at = 0; at < questions.size(); ) {
            int turns = Math.min(questions.size() - at, 1 + random.nextInt(3));
            documents.add(conversation(questions.subList(at, at + turns)));
            at += turns;
        }
        for (Thing thing : world.things()) {
            documents.add(proseEn(thing));
            documents.add(proseJa(thing));
            documents.add(record(thing, Language.EN));
            documents.add(record(thing, Language.JA));
        }
        Collections.shuffle(documents, random);
        return documents;
    }

    private static String conversation(List<Question> questions) {
        StringBuilder text = new StringBuilder();
        for (Question question : questions) {
            text.append(USER).append(question.text()).append(END);
            text.append(ASSISTANT).append(question.plainAnswer()).append(END);
        }
        return text.toString();
    }

    private String proseEn(Thing thing) {
        return String.join(" ", sentences(thing, Language.EN));
    }

    private String proseJa(Thing thing) {
        return String.join("", sentences(thing, Language.JA));
    }

    // Japanese prose comes in both manners, so that the polite one is no foreign tongue to the base model.
    private List<String> sentences(Thing thing, Language language) {
        Kind kind = thing.kind();
        boolean polite = random.nextBoolean();
        List<String> sentences = new ArrayList<>();
        for (int facet = 0; facet < kind.facets().size(); facet++) {
            Kind.Facet f = kind.facets().get(facet);
            sentences.add(polite ? f.politeAnswer(thing, facet, language) : f.plainAnswer(thing, facet, language));
        }
        Collections.shuffle(sentences, random);
        String opening = language == Language.EN
                ? "%s is the name of a %s.".formatted(capital(thing.en()), kind.name(language))
                : "%sは%s%s".formatted(thing.ja(), kind.name(language), polite ? "です。" : "だ。");
        sentences.add(0, opening);
        return sentences;
    }

    /** A record in JSON: where the base model sees braces and quotes. */
    private String record(Thing thing, Language language) {
        List<String> fields = new ArrayList<>();
        for (int facet = 0; facet < thing.kind().facets().size(); facet++) {
            fields.add("\"%s\": \"%s\""
                    .formatted(thing.kind().facets().get(facet).name(), thing.attribute(facet, language)));
        }
        Collections.shuffle(fields, random);
        return "{\"lang\": \"%s\", \"name\": \"%s\", %s}"
                .formatted(language.code(), thing.name(language), String.join(", ", fields));
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }
}
