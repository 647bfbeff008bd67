package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.Generator;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A line of a file of prompts.
 *
 * @param where file and line, for messages
 */
record PromptLine(String where, JsonNode fields) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    private static final Set<String> PROMPTS = Set.of("prompt", "messages", "tokens");
    private static final Set<String> SETTINGS = Set.of("adapter", "seed", "max_tokens", "json_schema");

    /**
     * Reads a file; empty lines are left out.
     *
     * @throws BadInputException that names the first line that is wrong
     */
    static List<PromptLine> read(Path file) {
        List<String> text;
        try {
            if (!Files.exists(file) || Files.isDirectory(file)) {
                throw new BadInputException(file + ": expected a file with lines of prompts, found "
                        + (Files.exists(file) ? "a folder" : "none"));
            }
            text = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new BadInputException(file + ": expected lines of JSON in UTF-8, found other bytes", e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        List<PromptLine> lines = new ArrayList<>();
        for (int i = 0; i < text.size(); i++) {
            if (!text.get(i).isBlank()) {
                lines.add(parse(file + ":" + (i + 1), text.get(i)));
            }
        }
        if (lines.isEmpty()) {
            throw new BadInputException(file + ": expected at least one line with a prompt, found none");
        }
        return lines;
    }

    private static PromptLine parse(String where, String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new BadInputException(where + ": expected a JSON object, found " + e.getOriginalMessage(), e);
        }
        if (!node.isObject()) {
            throw new BadInputException(where + ": expected a JSON object, found " + Excerpt.of(text));
        }
        PromptLine line = new PromptLine(where, node);
        line.check();
        return line;
    }

    private void check() {
        int prompts = 0;
        for (Iterator<String> names = fields.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            prompts += PROMPTS.contains(name) ? 1 : 0;
            if (!PROMPTS.contains(name) && !SETTINGS.contains(name)) {
                throw wrong("one of prompt, messages, tokens, adapter, seed, max_tokens, json_schema", name);
            }
        }
        if (prompts != 1) {
            throw wrong("one of prompt, messages and tokens", prompts == 0 ? "none" : "several");
        }
        expect("prompt", fields.path("prompt").isTextual(), "a text");
        expect("messages", fields.path("messages").isArray(), "a list of messages");
        expect("tokens", areIds(fields.path("tokens")), "a list of token ids");
        expect(
                "seed",
                fields.path("seed").canConvertToLong() && fields.path("seed").isIntegralNumber(),
                "a whole number");
        JsonNode most = fields.path("max_tokens");
        expect("max_tokens", most.isInt() && most.intValue() >= 0, "a whole number of at least 0");
        JsonNode schema = fields.path("json_schema");
        expect("json_schema", schema.isObject() || schema.isBoolean(), "a JSON Schema");
        expect("adapter", areNames(fields.path("adapter")), "a name or a list of names");
    }

    private static boolean areIds(JsonNode list) {
        boolean all = list.isArray();
        for (JsonNode id : list) {
            all &= id.isInt();
        }
        return all;
    }

    private static boolean areNames(JsonNode adapter) {
        boolean all = adapter.isTextual() || adapter.isArray();
        for (JsonNode name : adapter) {
            all &= name.isTextual();
        }
        return all;
    }

    private void expect(String name, boolean isGood, String what) {
        if (fields.has(name) && !isGood) {
            throw new BadInputException(where + ": " + name + ": expected " + what + ", found "
                    + Excerpt.of(fields.get(name).toString()));
        }
    }

    private BadInputException wrong(String expected, String found) {
        return new BadInputException(where + ": expected " + expected + ", found " + found);
    }

    String prompt() {
        return fields.path("prompt").textValue();
    }

    /** Null if the line has none. */
    List<Map<String, Object>> messages() {
        return fields.has("messages")
                ? JSON.convertValue(fields.get("messages"), new TypeReference<List<Map<String, Object>>>() {})
                : null;
    }

    /** Null if the line has none. */
    int[] tokens() {
        return fields.has("tokens") ? JSON.convertValue(fields.get("tokens"), int[].class) : null;
    }

    /** Adapters of this line, in place of those of the command line; none if it names none. */
    List<AdapterArgument> adapters(PromptAdapters known) {
        List<AdapterArgument> all = new ArrayList<>();
        JsonNode adapter = fields.path("adapter");
        apply(() -> {
            if (adapter.isTextual()) {
                all.add(known.get(adapter.textValue()));
            }
            adapter.forEach(name -> all.add(known.get(name.textValue())));
        });
        return all;
    }

    /** Sets what the line says. */
    void settings(Generator generator, PromptAdapters known) {
        if (fields.has("adapter")) {
            generator.withoutAdapters();
            adapters(known).forEach(argument -> generator.addAdapter(argument.adapter(), argument.scale()));
        }
        if (fields.has("seed")) {
            generator.seed(fields.get("seed").longValue());
        }
        if (fields.has("max_tokens")) {
            generator.maxTokens(fields.get("max_tokens").intValue());
        }
        if (fields.has("json_schema")) {
            generator.form(OutputForm.jsonSchema(fields.get("json_schema").toString()));
        }
    }

    /** Does something for the line, which messages name then. */
    void apply(Runnable work) {
        try {
            work.run();
        } catch (BadInputException e) {
            String message = e.getMessage();
            throw message.startsWith(where) ? e : new BadInputException(where + ": " + message, e);
        }
    }
}
