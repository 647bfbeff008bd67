package dev.chaku.data.doctor;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.internal.io.Json;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reports for programs. */
public final class JsonReport {

    private JsonReport() {}

    private interface Body {
        void write(JsonGenerator json) throws IOException;
    }

    /**
     * {@return the doctor's report: one object with {@code stats}, {@code findings} and, if it has one,
     * {@code estimate}}
     *
     * @param report what was found
     */
    public static String render(DataReport report) {
        return text(json -> {
            json.writeStartObject();
            json.writeFieldName("stats");
            stats(json, report.stats());
            json.writeArrayFieldStart("findings");
            for (Finding finding : report.findings()) {
                finding(json, finding);
            }
            json.writeEndArray();
            if (report.estimate() != null) {
                estimate(json, report.estimate());
            }
            json.writeEndObject();
        });
    }

    private static void estimate(JsonGenerator json, TrainingEstimate estimate) throws IOException {
        json.writeObjectFieldStart("estimate");
        json.writeStringField("method", estimate.method());
        json.writeNumberField("epochs", estimate.epochs());
        json.writeBooleanField("measured", estimate.measured());
        json.writeNumberField("tokens_per_epoch", estimate.tokensPerEpoch());
        json.writeNumberField("trained_tokens_per_epoch", estimate.trainedTokensPerEpoch());
        json.writeNumberField("rows_per_epoch", estimate.rowsPerEpoch());
        json.writeNumberField("steps_per_epoch", estimate.stepsPerEpoch());
        json.writeNumberField("steps", estimate.steps());
        if (estimate.memory() != null) {
            json.writeNumberField("weight_bytes", estimate.memory().weights());
            json.writeNumberField("training_bytes", estimate.memory().training());
            json.writeNumberField("available_bytes", estimate.memory().available());
        }
        if (estimate.time() != null) {
            json.writeNumberField("seconds", estimate.time().seconds());
            json.writeNumberField("seconds_fastest", estimate.time().fastest());
            json.writeNumberField("seconds_slowest", estimate.time().slowest());
            json.writeStringField("time_measured_by", estimate.time().how());
        }
        json.writeStringField("missing", estimate.missing());
        json.writeEndObject();
    }

    /**
     * {@return what is in the data: one object}
     *
     * @param stats the measures of a data set
     */
    public static String render(DataStats stats) {
        return text(json -> stats(json, stats));
    }

    private static String text(Body body) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(text)) {
            body.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // A StringWriter does not fail.
        }
        return text.toString();
    }

    private static void stats(JsonGenerator json, DataStats stats) throws IOException {
        json.writeStartObject();
        json.writeNumberField("examples", stats.examples());
        counts(json, "kinds", stats.kinds());
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
        histogram(json, "histogram", stats.histogram());
        content(json, stats.content());
        json.writeEndObject();
    }

    private static void content(JsonGenerator json, DataContent content) throws IOException {
        json.writeStringField("task", content.task());
        histogram(json, "character_histogram", DataStats.histogram(content.characterLengths()));
        histogram(json, "turn_histogram", DataStats.histogram(content.turns()));
        counts(json, "roles", content.roles());
        counts(json, "languages", content.languages());
        counts(json, "scripts", content.scripts());
        counts(json, "labels", content.labels());
        json.writeArrayFieldStart("files");
        for (DataContent.FilePart part : content.files()) {
            json.writeStartObject();
            json.writeStringField("file", part.file());
            json.writeNumberField("examples", part.examples());
            json.writeNumberField("characters", part.characters());
            json.writeNumberField("tokens", part.tokens());
            json.writeNumberField("trained_tokens", part.trainedTokens());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void counts(JsonGenerator json, String name, Map<String, Integer> counts) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, Integer> count : DataStats.largestFirst(counts)) {
            json.writeNumberField(count.getKey(), count.getValue());
        }
        json.writeEndObject();
    }

    private static void histogram(JsonGenerator json, String name, List<DataStats.Bin> bins) throws IOException {
        json.writeArrayFieldStart(name);
        for (DataStats.Bin bin : bins) {
            json.writeStartObject();
            json.writeNumberField("from", bin.from());
            json.writeNumberField("to", bin.to());
            json.writeNumberField("count", bin.count());
            json.writeEndObject();
        }
        json.writeEndArray();
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
