package dev.chaku.internal.train;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Json;
import dev.chaku.io.FileFault;
import dev.chaku.io.FileLines;
import dev.chaku.train.LossTrend;
import dev.chaku.train.TrainingProgress;
import dev.chaku.train.ValidationTrend;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The run's log: one JSON object a line, appended as the run goes. Not thread-safe. */
public final class LogFile {
    private static final String NAME = "log.jsonl";
    private final Path path;
    private final List<LossPicture.Point> losses = new ArrayList<>();
    private final List<LossPicture.Point> smoothed = new ArrayList<>();
    private final List<LossPicture.Point> validations = new ArrayList<>();

    private LogFile(Path path) {
        this.path = path;
    }

    /**
     * Opens the log of a run that stands at a step. Lines of later steps, which the run will do again, are dropped.
     *
     * @throws ResourceException if it cannot be read or written
     */
    public static LogFile open(OutputFolder folder, int step) {
        LogFile log = new LogFile(folder.resolve(NAME));
        if (Files.exists(log.path)) {
            StringBuilder kept = new StringBuilder();
            boolean dropped = false;
            try {
                for (String line : Files.readAllLines(log.path)) {
                    Map<String, Double> numbers = numbers(line);
                    if (numbers.getOrDefault("step", Double.MAX_VALUE) <= step) {
                        kept.append(line).append('\n');
                        log.remember(numbers);
                    } else {
                        dropped = true;
                    }
                }
            } catch (IOException e) {
                throw FileFault.notRead(log.path, e);
            }
            if (dropped) {
                folder.writeText(NAME, kept.toString());
            }
        }
        return log;
    }

    /** The numbers of a line; none of one that was cut short. */
    private static Map<String, Double> numbers(String line) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        try (JsonParser json = Json.FACTORY.createParser(line)) {
            while (json.nextToken() != null) {
                if (json.currentToken().isNumeric()) {
                    numbers.put(json.currentName(), json.getDoubleValue());
                }
                if (json.currentToken() == JsonToken.END_OBJECT) {
                    return numbers;
                }
            }
        } catch (IOException e) {
            // A torn line ends here.
        }
        return Map.of();
    }

    private void remember(Map<String, Double> numbers) {
        int step = numbers.get("step").intValue();
        remember(losses, step, numbers.get("loss"));
        remember(smoothed, step, numbers.get("smoothed_loss"));
        remember(validations, step, numbers.get("eval_loss"));
    }

    private static void remember(List<LossPicture.Point> curve, int step, @Nullable Double loss) {
        if (loss != null && Double.isFinite(loss)) {
            curve.add(new LossPicture.Point(step, loss));
        }
    }

    /** Appends a step. */
    public void append(TrainingProgress p) {
        FileLines.append(path, json(p));
        Map<String, Double> numbers = p.numbers();
        numbers.put("step", (double) p.step());
        remember(numbers);
    }

    /** A step as one line of JSON. */
    static String json(TrainingProgress p) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(line)) {
            json.writeStartObject();
            json.writeNumberField("step", p.step());
            for (Map.Entry<String, Double> number : p.numbers().entrySet()) {
                json.writeNumberField(number.getKey(), number.getValue());
            }
            json.writeNumberField("tokens", p.tokens());
            json.writeNumberField("skipped_steps", p.skippedSteps());
            json.writeNumberField("peak_bytes", p.peakBytes());
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a log line in memory failed", e);
        }
        return line.toString();
    }

    /** How the loss went over all steps logged. */
    public LossTrend trend() {
        return LossTrend.of(losses.stream().mapToDouble(LossPicture.Point::loss).toArray());
    }

    /** How the validation loss went. */
    public ValidationTrend validationTrend() {
        if (validations.isEmpty()) {
            return new ValidationTrend(0, Double.NaN, 0, Double.NaN);
        }
        LossPicture.Point best = Collections.min(validations, Comparator.comparingDouble(LossPicture.Point::loss));
        return new ValidationTrend(
                validations.size(),
                best.loss(),
                best.step(),
                validations.get(validations.size() - 1).loss());
    }

    /** The loss over all steps logged. */
    public String picture() {
        return LossPicture.draw(losses, smoothed, validations);
    }
}
