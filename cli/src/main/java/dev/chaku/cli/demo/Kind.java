package dev.chaku.cli.demo;

import dev.chaku.cli.demo.World.Language;
import dev.chaku.cli.demo.World.Thing;
import java.util.List;

/**
 * How each kind of thing is asked and told about: %1$s is the thing, %2$s the attribute. Japanese answers come plain,
 * as the base model was taught, and polite, as fine-tuning teaches.
 */
enum Kind {
    ANIMAL(
            "animal",
            "動物",
            List.of(
                    new Facet(
                            "colour",
                            List.of(
                                    "What colour is the %1$s?",
                                    "Which colour does the %1$s have?", "Tell me the colour of the %1$s."),
                            "The %1$s is %2$s.",
                            List.of("%1$sは何色？", "%1$sの色を教えて。", "%1$sはどんな色？"),
                            "%1$sは%2$sだ。",
                            "%1$sは%2$sです。"),
                    new Facet(
                            "home",
                            List.of(
                                    "Where does the %1$s live?",
                                    "Where is the home of the %1$s?", "Where can I find the %1$s?"),
                            "The %1$s lives %2$s.",
                            List.of("%1$sはどこに住む？", "%1$sの住む所は？", "%1$sはどこにいる？"),
                            "%1$sは%2$sに住む。",
                            "%1$sは%2$sに住みます。"),
                    new Facet(
                            "food",
                            List.of(
                                    "What does the %1$s eat?",
                                    "What is the food of the %1$s?", "What should I feed the %1$s?"),
                            "The %1$s eats %2$s.",
                            List.of("%1$sは何を食べる？", "%1$sの食べ物は？", "%1$sに何をやる？"),
                            "%1$sは%2$sを食べる。",
                            "%1$sは%2$sを食べます。"))),
    FOOD(
            "food",
            "食べ物",
            List.of(
                    new Facet(
                            "colour",
                            List.of(
                                    "What colour is the %1$s?",
                                    "Which colour does the %1$s have?", "Tell me the colour of the %1$s."),
                            "The %1$s is %2$s.",
                            List.of("%1$sは何色？", "%1$sの色を教えて。", "%1$sはどんな色？"),
                            "%1$sは%2$sだ。",
                            "%1$sは%2$sです。"),
                    new Facet(
                            "taste",
                            List.of(
                                    "How does the %1$s taste?",
                                    "What is the taste of the %1$s?", "Describe the taste of the %1$s."),
                            "The %1$s tastes %2$s.",
                            List.of("%1$sはどんな味？", "%1$sの味は？", "%1$sの味を教えて。"),
                            "%1$sは%2$s味だ。",
                            "%1$sは%2$s味です。"),
                    new Facet(
                            "place",
                            List.of(
                                    "Where does the %1$s grow?",
                                    "Where do people grow the %1$s?", "Where can I pick the %1$s?"),
                            "The %1$s grows %2$s.",
                            List.of("%1$sはどこに育つ？", "%1$sの育つ所は？", "%1$sはどこでとれる？"),
                            "%1$sは%2$sに育つ。",
                            "%1$sは%2$sに育ちます。"))),
    COUNTRY(
            "country",
            "国",
            List.of(
                    new Facet(
                            "capital",
                            List.of(
                                    "What is the capital of %1$s?",
                                    "Name the capital of %1$s.", "Which city is the capital of %1$s?"),
                            "The capital of %1$s is %2$s.",
                            List.of("%1$sの首都は？", "%1$sの首都はどこ？", "%1$sの首都を教えて。"),
                            "%1$sの首都は%2$sだ。",
                            "%1$sの首都は%2$sです。"),
                    new Facet(
                            "continent",
                            List.of(
                                    "Where is %1$s?",
                                    "On which continent is %1$s?", "Which part of the world is %1$s in?"),
                            "%1$s is in %2$s.",
                            List.of("%1$sはどこにある？", "%1$sの場所は？", "%1$sはどの大陸？"),
                            "%1$sは%2$sにある。",
                            "%1$sは%2$sにあります。"),
                    new Facet(
                            "language",
                            List.of(
                                    "Which language do people speak in %1$s?",
                                    "What is spoken in %1$s?", "What is the language of %1$s?"),
                            "People in %1$s speak %2$s.",
                            List.of("%1$sでは何語を話す？", "%1$sの言葉は？", "%1$sの人は何語を話す？"),
                            "%1$sでは%2$sを話す。",
                            "%1$sでは%2$sを話します。"))),
    TOOL(
            "tool",
            "道具",
            List.of(
                    new Facet(
                            "use",
                            List.of(
                                    "What is the %1$s for?",
                                    "What do I use the %1$s for?", "What is the use of the %1$s?"),
                            "The %1$s is for %2$s.",
                            List.of("%1$sは何に使う？", "%1$sの使い道は？", "%1$sは何の道具？"),
                            "%1$sは%2$s道具だ。",
                            "%1$sは%2$s道具です。"),
                    new Facet(
                            "material",
                            List.of(
                                    "What is the %1$s made of?",
                                    "Which material is the %1$s?", "What material makes the %1$s?"),
                            "The %1$s is made of %2$s.",
                            List.of("%1$sは何でできている？", "%1$sの材料は？", "%1$sの素材を教えて。"),
                            "%1$sは%2$sでできている。",
                            "%1$sは%2$sでできています。"),
                    new Facet(
                            "place",
                            List.of(
                                    "Where is the %1$s kept?",
                                    "Where do I find the %1$s?", "Where should I put the %1$s?"),
                            "The %1$s is kept %2$s.",
                            List.of("%1$sはどこに置く？", "%1$sの置き場所は？", "%1$sはどこにしまう？"),
                            "%1$sは%2$sに置く。",
                            "%1$sは%2$sに置きます。")));

    /** One attribute of a kind: questions, and the answer in its three manners. */
    record Facet(
            String name,
            List<String> questionsEn,
            String answerEn,
            List<String> questionsJa,
            String answerJaPlain,
            String answerJaPolite) {

        List<String> questions(Language language) {
            return language == Language.EN ? questionsEn : questionsJa;
        }

        String question(Thing thing, Language language, int phrasing) {
            return String.format(questions(language).get(phrasing), thing.name(language));
        }

        /** The answer as the base model gives it. */
        String plainAnswer(Thing thing, int facet, Language language) {
            return fill(language == Language.EN ? answerEn : answerJaPlain, thing, facet, language);
        }

        /** The answer as the fine-tuned model gives it. */
        String politeAnswer(Thing thing, int facet, Language language) {
            return fill(language == Language.EN ? answerEn : answerJaPolite, thing, facet, language);
        }

        private static String fill(String pattern, Thing thing, int facet, Language language) {
            return String.format(pattern, thing.name(language), thing.attribute(facet, language));
        }
    }

    private final String en;
    private final String ja;
    private final List<Facet> facets;

    Kind(String en, String ja, List<Facet> facets) {
        this.en = en;
        this.ja = ja;
        this.facets = facets;
    }

    String name(Language language) {
        return language == Language.EN ? en : ja;
    }

    List<Facet> facets() {
        return facets;
    }
}
