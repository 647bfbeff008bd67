package dev.chaku.internal.eval;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import dev.chaku.internal.io.Json;
import dev.chaku.internal.io.JsonValues;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import dev.chaku.io.FileLines;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Answers as JSON lines, one an answer, for reading and for going on with an evaluation that was ended. A line has a
 * key of what was asked of whom: answers to other questions, or of another adapter, are not taken for it. Not
 * thread-safe.
 */
public final class AnswerLog {
    /**
     * An answer as it is kept.
     *
     * @param key of what was asked, see {@link #key}
     * @param seconds that it took
     * @param tokens generated
     * @param logprob of the reference, and how many tokens that has
     * @param chosen index of the likeliest choice; negative if there are none
     */
    public record Entry(
            String key,
            String text,
            FinishReason finishReason,
            int tokens,
            double seconds,
            double logprob,
            int referenceTokens,
            int chosen) {}

    /** Of every line, also of one that was cut short. */
    private static final String BEGINNING = "{\"variant\":";

    private final @Nullable Path file;
    private final Map<String, Entry> known = new HashMap<>();

    private AnswerLog(@Nullable Path file) {
        this.file = file;
    }

    /** A log that is kept nowhere. */
    public static AnswerLog none() {
        return new AnswerLog(null);
    }

    /**
     * A log in a file, with the answers that are there already; a last line that was cut short does not count.
     *
     * @throws BadInputException if the file holds something else
     */
    public static AnswerLog in(Path file) {
        AnswerLog log = new AnswerLog(file);
        if (Files.exists(file)) {
            log.read();
        }
        return log;
    }

    private void read() {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            boolean torn = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                torn = !read(line);
                if (torn && !line.startsWith(BEGINNING)) {
                    throw new BadInputException(file + ":" + number + ": expected an answer of chaku eval, found none");
                }
            }
            if (torn) {
                FileLines.append(file, ""); // It ends here; the next answer gets a line of its own.
            }
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    private boolean read(String line) {
        if (line.isEmpty()) {
            return true;
        }
        try {
            if (!(JsonValues.parse(line) instanceof Map<?, ?> fields)
                    || !(fields.get("key") instanceof String key)
                    || !(fields.get("answer") instanceof String text)
                    || !(fields.get("finish_reason") instanceof String reason)) {
                return false;
            }
            known.put(
                    key,
                    new Entry(
                            key,
                            text,
                            FinishReason.valueOf(reason.toUpperCase(Locale.ROOT)),
                            number(fields, "tokens").intValue(),
                            number(fields, "seconds").doubleValue(),
                            number(fields, "logprob").doubleValue(),
                            number(fields, "reference_tokens").intValue(),
                            number(fields, "chosen").intValue()));
            return true;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    private static Number number(Map<?, ?> fields, String name) {
        if (fields.get(name) instanceof Number number) {
            return number;
        }
        throw new IllegalArgumentException(name);
    }

    /** The answer to this question, if it was kept. */
    public Optional<Entry> find(String key) {
        return Optional.ofNullable(known.get(key));
    }

    /** How many answers were kept before. */
    public int size() {
        return known.size();
    }

    /** Keeps an answer. */
    public void add(String variant, Question question, String prompt, Entry entry, Map<String, Double> scores) {
        if (file == null) {
            return;
        }
        StringWriter line = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(line)) {
            json.writeStartObject();
            json.writeStringField("variant", variant);
            json.writeNumberField("index", question.index());
            json.writeStringField("source", question.example().source());
            json.writeStringField("prompt", prompt);
            json.writeStringField("reference", question.reference());
            json.writeStringField("answer", entry.text());
            json.writeObjectFieldStart("scores");
            for (Map.Entry<String, Double> score : scores.entrySet()) {
                json.writeNumberField(score.getKey(), score.getValue());
            }
            json.writeEndObject();
            json.writeStringField("finish_reason", entry.finishReason().label());
            json.writeNumberField("tokens", entry.tokens());
            json.writeNumberField("seconds", entry.seconds());
            json.writeNumberField("logprob", entry.logprob());
            json.writeNumberField("reference_tokens", entry.referenceTokens());
            json.writeNumberField("chosen", entry.chosen());
            json.writeStringField("key", entry.key());
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a line in memory failed", e);
        }
        FileLines.append(file, line.toString());
    }

    /**
     * A key of what is asked.
     *
     * @param who says which model and adapter, and what else decides the answer
     */
    public static String key(List<String> who, Question question) {
        Sha256 hash = new Sha256();
        who.forEach(word -> hash.add((word + "\n").getBytes(StandardCharsets.UTF_8)));
        for (int[] ids : List.of(question.prompt(), question.answer())) {
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (ids.length + 1));
            bytes.putInt(ids.length);
            for (int id : ids) {
                bytes.putInt(id);
            }
            hash.add(bytes.array());
        }
        return hash.hex().substring(0, 32);
    }
}
