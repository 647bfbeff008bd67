package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What texts begin or end with: what all of them share, and what most of them share while some do not. The usual edge
 * is settled on the first texts, so that one pass and little memory are enough.
 */
final class CommonEdge {
    private static final int SETTLED_ON = 1000;
    private static final int LONGEST_USUAL = 16;
    private static final double USUAL = 0.8;

    private record Seen(String source, String text) {}

    private final boolean atEnd;
    private final FindingBuilder others;
    private final List<Seen> first = new ArrayList<>();
    private String shared = "";
    private String usual = "";
    private int texts;

    /** @param id of the finding about texts without the usual edge */
    CommonEdge(boolean atEnd, String id) {
        this.atEnd = atEnd;
        this.others = new FindingBuilder(id, Severity.NOTE);
    }

    void see(String source, String text) {
        shared = texts == 0 ? text : common(shared, text);
        texts++;
        if (texts > SETTLED_ON) {
            compare(source, text);
        } else {
            first.add(new Seen(source, edge(text, Math.min(text.length(), 2 * LONGEST_USUAL))));
            if (texts == SETTLED_ON) {
                settle();
            }
        }
    }

    /** What all texts have. */
    String shared() {
        return shared;
    }

    /** What most texts have, white space and punctuation alone; empty if there is no such thing. Ends the gathering. */
    String usual() {
        if (texts < SETTLED_ON) {
            settle();
        }
        return usual;
    }

    /** Texts without the usual edge; asks for {@link #usual} first. */
    FindingBuilder others() {
        return others;
    }

    private void settle() {
        for (int length = 1; length <= LONGEST_USUAL; length++) {
            Map<String, Integer> edges = new HashMap<>();
            for (Seen seen : first) {
                if (seen.text().length() >= length) {
                    edges.merge(edge(seen.text(), length), 1, Integer::sum);
                }
            }
            for (Map.Entry<String, Integer> edge : edges.entrySet()) {
                boolean mark = edge.getKey().chars().noneMatch(Character::isLetterOrDigit);
                if (mark && edge.getValue() >= USUAL * first.size()) {
                    usual = edge.getKey();
                }
            }
        }
        first.forEach(seen -> compare(seen.source(), seen.text()));
        first.clear();
    }

    private void compare(String source, String text) {
        if (!usual.isEmpty() && !(atEnd ? text.endsWith(usual) : text.startsWith(usual))) {
            others.at(source, atEnd ? "…" + text : text);
        }
    }

    private String edge(String text, int length) {
        return atEnd ? text.substring(text.length() - length) : text.substring(0, length);
    }

    private String common(String a, String b) {
        int n = 0;
        int most = Math.min(a.length(), b.length());
        while (n < most
                && (atEnd
                        ? a.charAt(a.length() - 1 - n) == b.charAt(b.length() - 1 - n)
                        : a.charAt(n) == b.charAt(n))) {
            n++;
        }
        return edge(a, n);
    }
}
