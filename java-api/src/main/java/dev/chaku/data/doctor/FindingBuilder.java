package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Place;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.ArrayList;
import java.util.List;

/** Gathers the places of one kind of defect; the first few are kept, all are counted. */
final class FindingBuilder {
  private static final int PLACES_KEPT = 10;
  private static final int DETAIL_CHARS = 80;

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

  static String shortened(String text) {
    String line = text.replaceAll("\\s+", " ").strip();
    int cut = line.offsetByCodePoints(0, Math.min(DETAIL_CHARS, line.codePointCount(0, line.length())));
    return cut < line.length() ? line.substring(0, cut) + "…" : line;
  }
}
