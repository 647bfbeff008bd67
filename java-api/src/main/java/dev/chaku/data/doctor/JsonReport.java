package dev.chaku.data.doctor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;

/** A report for programs: one JSON object with {@code stats} and {@code findings}. */
public final class JsonReport {
  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonReport() {}

  public static String render(DataReport report) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      json.writeFieldName("stats");
      stats(json, report.stats());
      json.writeArrayFieldStart("findings");
      for (Finding finding : report.findings()) {
        finding(json, finding);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // A StringWriter does not fail.
    }
    return text.toString();
  }

  private static void stats(JsonGenerator json, DataStats stats) throws IOException {
    json.writeStartObject();
    json.writeNumberField("examples", stats.examples());
    json.writeObjectFieldStart("kinds");
    for (Map.Entry<String, Integer> kind : stats.kinds().entrySet()) {
      json.writeNumberField(kind.getKey(), kind.getValue());
    }
    json.writeEndObject();
    json.writeNumberField("characters", stats.characters());
    json.writeBooleanField("measured", stats.measured());
    json.writeNumberField("tokens", stats.tokens());
    json.writeNumberField("trained_tokens", stats.trainedTokens());
    json.writeNumberField("sequences", stats.lengths().length);
    json.writeNumberField("median_tokens", stats.percentile(0.5));
    json.writeNumberField("p95_tokens", stats.percentile(0.95));
    json.writeNumberField("longest_tokens", stats.percentile(1));
    json.writeNumberField("max_length", stats.maxLength());
    json.writeNumberField("rows", stats.rows());
    json.writeArrayFieldStart("histogram");
    for (DataStats.Bin bin : stats.histogram()) {
      json.writeStartObject();
      json.writeNumberField("from", bin.from());
      json.writeNumberField("to", bin.to());
      json.writeNumberField("count", bin.count());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void finding(JsonGenerator json, Finding finding) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", finding.id());
    json.writeStringField("severity", finding.severity().name().toLowerCase(Locale.ROOT));
    json.writeNumberField("count", finding.count());
    json.writeStringField("title", finding.title());
    json.writeStringField("why", finding.why());
    json.writeStringField("fix", finding.fix());
    json.writeArrayFieldStart("places");
    for (Finding.Place place : finding.places()) {
      json.writeStartObject();
      json.writeStringField("source", place.source());
      json.writeStringField("detail", place.detail());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
