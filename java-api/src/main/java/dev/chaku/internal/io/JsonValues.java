package dev.chaku.internal.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as plain Java: Map (in order), List, String, Long, Double, BigInteger, Boolean and null.
 *
 * <p>Records of data files may have NaN and Infinity, which JSON has not but Python writes. NaN, its missing number, is
 * read as null.
 */
public final class JsonValues {
    public static final int MOST_DEPTH = 64;

    private static final JsonFactory STRICT = factory(false);

    /** What data files are read with. */
    public static final JsonFactory RECORDS = factory(true);

    private JsonValues() {}

    private static JsonFactory factory(boolean nonFinite) {
        return Json.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, nonFinite)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MOST_DEPTH)
                        .maxStringLength(1 << 28)
                        .build())
                .build();
    }

    /** Parses one value that fills the whole text. */
    public static @Nullable Object parse(String text) throws IOException {
        return parse(text, STRICT);
    }

    /** Parses a record of a data file, which fills the whole text. */
    public static @Nullable Object parseRecord(String text) throws IOException {
        return parse(text, RECORDS);
    }

    private static @Nullable Object parse(String text, JsonFactory factory) throws IOException {
        try (JsonParser parser = factory.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new IOException("found nothing");
            }
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new IOException("found more after the value, at column "
                        + parser.currentTokenLocation().getColumnNr());
            }
            return value;
        }
    }

    /** The value at the parser's current token; afterwards the parser stands at its last token. */
    public static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> integer(parser);
            case VALUE_NUMBER_FLOAT -> Double.isNaN(parser.getDoubleValue()) ? null : (Object) parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            default -> null;
        };
    }

    private static Object integer(JsonParser parser) throws IOException {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                ? (Object) parser.getBigIntegerValue()
                : (Object) parser.getLongValue();
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, value(parser));
        }
        return fields;
    }

    private static List<@Nullable Object> array(JsonParser parser) throws IOException {
        List<@Nullable Object> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            values.add(value(parser));
        }
        return values;
    }
}
