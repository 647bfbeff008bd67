package dev.chaku.data.doctor;

import dev.chaku.data.Printable;
import dev.chaku.data.doctor.Finding.Place;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/** Gathers the places of one kind of defect; the first few are kept, all are counted. */
final class FindingBuilder {
    private static final int PLACES_KEPT = 10;
    private static final int DETAIL_CHARS = 80;
    private static final int HEAD_CHARS = 16 * DETAIL_CHARS;

    private final String id;
    private final Severity severity;
    private final List<Place> places = new ArrayList<>();
    private int count;

    FindingBuilder(String id, Severity severity) {
        this.id = id;
        this.severity = severity;
    }

    int count() {
        return count;
    }

    /** Adds a place whose detail takes work to find: it is asked for only while places are kept. */
    void at(String source, Supplier<String> detail) {
        at(source, places.size() < PLACES_KEPT ? detail.get() : "");
    }

    void at(String source, String detail) {
        count++;
        if (places.size() < PLACES_KEPT) {
            places.add(new Place(source, shortened(detail)));
        }
    }

    /** Adds the finding if there is one. */
    void into(List<Finding> findings, String title, String why, String fix) {
        if (count > 0) {
            findings.add(new Finding(id, severity, count, title, why, fix, places));
        }
    }

    /** The one with the most places, the first among equals. */
    static FindingBuilder largest(Collection<FindingBuilder> builders) {
        return builders.stream().reduce((a, b) -> b.count > a.count ? b : a).orElseThrow();
    }

    /** All builders but one as one, which keeps the first places of each in turn. */
    static FindingBuilder joined(Collection<FindingBuilder> builders, FindingBuilder without) {
        FindingBuilder joined = new FindingBuilder(without.id, without.severity);
        for (FindingBuilder builder : builders) {
            if (builder != without) {
                joined.add(builder);
            }
        }
        return joined;
    }

    /** Adds another's count, and its first places as far as there is room. */
    void add(FindingBuilder other) {
        count += other.count;
        int room = PLACES_KEPT - places.size();
        places.addAll(other.places.subList(0, Math.min(room, other.places.size())));
    }

    static String shortened(String text) {
        // Long texts are cut first: most of their white space would be replaced for nothing.
        String head = text.length() > HEAD_CHARS ? text.substring(0, HEAD_CHARS) : text;
        String line = Printable.line(head.replaceAll("\\s+", " ").strip());
        int cut = line.offsetByCodePoints(0, Math.min(DETAIL_CHARS, line.codePointCount(0, line.length())));
        return cut < line.length() ? line.substring(0, cut) + "…" : line;
    }
}
