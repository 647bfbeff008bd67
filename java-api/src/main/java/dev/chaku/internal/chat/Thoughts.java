package dev.chaku.internal.chat;

import java.util.List;

/**
 * Marks of what a model thinks before it answers.
 *
 * @param opens each begins a thought; empty for a family without thoughts
 * @param closes each ends one
 * @param written how a thought is opened, by the model
 * @param closed how one is closed, by the model
 */
record Thoughts(List<String> opens, List<String> closes, String written, String closed) {
    static final Thoughts NONE = new Thoughts(List.of(), List.of(), "", "");

    static Thoughts between(String open, String close) {
        return new Thoughts(List.of(open), List.of(close), open, close);
    }

    /** Those that a template spells, or none. */
    static Thoughts in(String template) {
        for (String[] pair : new String[][] {
            {"<think>", "</think>"},
            {"[THINK]", "[/THINK]"},
            {"<|START_THINKING|>", "<|END_THINKING|>"},
            {"<seed:think>", "</seed:think>"},
            {"<thinking>", "</thinking>"}
        }) {
            if (template.contains(pair[1])) {
                return between(pair[0], pair[1]);
            }
        }
        return NONE;
    }

    boolean isNone() {
        return opens.isEmpty();
    }
}
