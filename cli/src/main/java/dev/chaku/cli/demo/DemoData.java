package dev.chaku.cli.demo;

import java.util.List;

/**
 * What the demo trains and tests on: questions with JSON answers, split so that no question, in any phrasing, stands on
 * both sides.
 */
record DemoData(List<Question> train, List<Question> heldOut) {
    private static final long SEED = 20_261;
    private static final int N_TRAIN = 600;
    private static final int N_HELD_OUT = 40;

    static DemoData of(World world) {
        List<Question> all = Question.all(world, SEED);
        List<Question> heldOut =
                all.stream().filter(DemoData::isHeldOut).limit(N_HELD_OUT).toList();
        List<Question> train =
                all.stream().filter(q -> !isHeldOut(q)).limit(N_TRAIN).toList();
        return new DemoData(train, heldOut);
    }

    // By thing and facet, whatever the language and phrasing: one in five is never trained.
    private static boolean isHeldOut(Question question) {
        return Math.floorMod((question.thing().en() + question.facet()).hashCode() * 31, 5) == 0;
    }

    /** A line of OpenAI chat JSONL. */
    static String chatLine(Question question) {
        return "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": \"%s\"}]}"
                .formatted(escape(question.text()), escape(question.jsonAnswer()));
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
