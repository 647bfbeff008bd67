package dev.chaku.cli.demo;

import dev.chaku.cli.demo.World.Language;
import dev.chaku.cli.demo.World.Thing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** One question about one facet of one thing, in one language and phrasing. */
record Question(Thing thing, int facet, Language language, int phrasing) {
    String text() {
        return facets().get(facet).question(thing, language, phrasing);
    }

    /** What the base model was taught: a plain sentence. */
    String plainAnswer() {
        return facets().get(facet).plainAnswer(thing, facet, language);
    }

    /** What fine-tuning teaches: a JSON object, polite in Japanese. */
    String jsonAnswer() {
        return "{\"lang\": \"%s\", \"topic\": \"%s\", \"answer\": \"%s\"}"
                .formatted(
                        language.code(),
                        thing.name(language),
                        facets().get(facet).politeAnswer(thing, facet, language));
    }

    /** The word that a right answer must hold. */
    String fact() {
        return thing.attribute(facet, language);
    }

    private List<Kind.Facet> facets() {
        return thing.kind().facets();
    }

    /** Every question there is, shuffled by the seed. */
    static List<Question> all(World world, long seed) {
        List<Question> all = new ArrayList<>();
        for (Thing thing : world.things()) {
            for (int facet = 0; facet < thing.kind().facets().size(); facet++) {
                for (Language language : Language.values()) {
                    int phrasings =
                            thing.kind().facets().get(facet).questions(language).size();
                    for (int phrasing = 0; phrasing < phrasings; phrasing++) {
                        all.add(new Question(thing, facet, language, phrasing));
                    }
                }
            }
        }
        Collections.shuffle(all, new Random(seed));
        return all;
    }
}
