package dev.chaku.internal.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Json;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON as maps in the order of the text, lists, strings, {@link BigDecimal}, booleans and null. Keys that come
 * twice are refused, and so are more than 256 levels and numbers of more than 10,000 digits written out.
 */
public final class JsonTree {
    /** Most levels of lists and objects. */
    public static final int DEPTH = 256;

    private static final int MOST_CHARACTERS = 2 << 20;
    private static final int MOST_DIGITS = 10_000; // before and after the point
    private static final String TOO_LONG = "a number has more than " + MOST_DIGITS + " digits written out: ";

    private static final JsonFactory FACTORY = Json.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH)
                    .maxStringLength(MOST_CHARACTERS)
                    .maxNumberLength(400)
                    .build())
            .build();

    private JsonTree() {}

    /** @throws BadInputException if it is not one JSON value */
    public static @Nullable Object parse(String what, String json) {
        try (JsonParser parser = FACTORY.createParser(json)) {
            if (parser.nextToken() == null) {
                throw new BadInputException(what + ": expected JSON, found nothing");
            }
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new BadInputException(what + ": expected one JSON value, found more");
            }
            return value;
        } catch (IOException e) {
            String problem = e.getMessage() == null
                    ? ""
                    : e.getMessage().lines().findFirst().orElse("");
            throw new BadInputException(what + ": expected JSON, found something else: " + problem, e);
        }
    }

    private static @Nullable Object value(JsonParser parser) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT:
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    parser.nextToken();
                    map.put(key, value(parser));
                }
                return map;
            case START_ARRAY:
                List<@Nullable Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                return list;
            case VALUE_STRING:
                return parser.getText();
            case VALUE_TRUE:
                return Boolean.TRUE;
            case VALUE_FALSE:
                return Boolean.FALSE;
            case VALUE_NULL:
                return null;
            default:
                return number(parser);
        }
    }

    /** One that can be written out: an exponent of nine digits would be a text of gigabytes. */
    private static BigDecimal number(JsonParser parser) throws IOException {
        BigDecimal number;
        try {
            number = parser.getDecimalValue();
        } catch (NumberFormatException e) {
            throw new JsonParseException(parser, TOO_LONG + parser.getText(), e);
        }
        long before = (long) number.precision() - number.scale();
        if (before > MOST_DIGITS || number.scale() > MOST_DIGITS) {
            throw new JsonParseException(parser, TOO_LONG + parser.getText());
        }
        return number;
    }
}
