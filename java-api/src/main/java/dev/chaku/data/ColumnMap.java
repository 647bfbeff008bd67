package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of a file's columns for the keys that a format asks for, such as {@code prompt=question}. A value with braces
 * is a text with the columns filled in: {@code prompt=Translate: {english}}. Immutable.
 *
 * @param columns the format's key to the file's column or text; other columns keep their names
 */
public record ColumnMap(Map<String, String> columns) {
    private static final Pattern FIELD = Pattern.compile("\\{([^{}]+)\\}");
    private static final Pattern KEY = Pattern.compile("\\s*(\\w+)\\s*=");

    /** No column is renamed. */
    public static final ColumnMap NONE = new ColumnMap(Map.of());

    /** @throws BadInputException if a key is none that any format reads */
    public ColumnMap {
        Objects.requireNonNull(columns, "columns");
        columns = Map.copyOf(columns);
        for (String key : columns.keySet()) {
            if (!ReadColumns.hasMeaning(key)) {
                throw BadInputException.ofSetting(
                        "columns",
                        "a key that a format reads, as prompt, completion, text or messages",
                        "'" + key + "'");
            }
        }
    }

    /**
     * Reads {@code key=column} pairs, separated by commas. A comma that no key follows belongs to the text before it.
     *
     * @param text such as {@code prompt=question,completion=answer}
     * @return the columns
     * @throws BadInputException if one is no pair, or its key none that a format reads
     */
    public static ColumnMap parse(String text) {
        Objects.requireNonNull(text, "text");
        Map<String, String> columns = new LinkedHashMap<>();
        for (String pair : pairs(text)) {
            int equals = pair.indexOf('=');
            if (equals <= 0 || equals == pair.length() - 1) {
                throw BadInputException.ofSetting("columns", "pairs as in prompt=question", "'" + pair + "'");
            }
            String key = pair.substring(0, equals).strip();
            if (columns.put(key, pair.substring(equals + 1).strip()) != null) {
                throw BadInputException.ofSetting("columns", "one column for '" + key + "'", "two");
            }
        }
        return new ColumnMap(columns);
    }

    private static List<String> pairs(String text) {
        List<String> pairs = new ArrayList<>();
        for (String part : text.split(",")) {
            Matcher key = KEY.matcher(part);
            boolean begins = key.lookingAt() && (pairs.isEmpty() || ReadColumns.hasMeaning(key.group(1)));
            boolean inText = !pairs.isEmpty()
                    && FIELD.matcher(pairs.get(pairs.size() - 1)).find();
            if (begins || !inText) {
                pairs.add(part);
            } else {
                pairs.set(pairs.size() - 1, pairs.get(pairs.size() - 1) + "," + part);
            }
        }
        return pairs;
    }

    Map<?, ?> apply(Map<?, ?> record) throws RecordFault {
        if (columns.isEmpty()) {
            return record;
        }
        Map<Object, Object> renamed = new LinkedHashMap<>(record);
        columns.values().forEach(renamed::remove);
        for (Map.Entry<String, String> column : columns.entrySet()) {
            String wanted = column.getValue();
            if (record.containsKey(wanted)) {
                renamed.put(column.getKey(), record.get(wanted));
            } else if (FIELD.matcher(wanted).find()) {
                renamed.put(column.getKey(), filled(wanted, record));
            } else {
                throw new RecordFault("expected a column '" + wanted + "', found " + record.keySet());
            }
        }
        return renamed;
    }

    /**
     * The format of a record that this map was applied to. What was named wins: the format of the named columns alone
     * if they make one, else the first that fits the record and reads them all.
     *
     * @throws RecordFault if none fits
     */
    DataFormat format(Map<?, ?> record) throws RecordFault {
        if (!columns.isEmpty()) {
            Map<Object, Object> named = new LinkedHashMap<>(record);
            named.keySet().retainAll(columns.keySet());
            Optional<DataFormat> format = DataFormat.of(named, columns.keySet());
            if (format.isPresent()) {
                return format.get();
            }
        }
        Optional<DataFormat> format = DataFormat.of(record, columns.keySet());
        if (format.isEmpty()) {
            throw new RecordFault(
                    columns.isEmpty()
                            ? "expected a key of a known format (messages, prompt, conversations, instruction or text), found "
                                    + record.keySet()
                                    + "; a column map names others, as in prompt=question,completion=reply"
                            : "expected columns that one format reads together, found "
                                    + new TreeSet<>(columns.keySet()) + " of the column map in " + record.keySet());
        }
        return format.get();
    }

    private static String filled(String text, Map<?, ?> record) throws RecordFault {
        Matcher matcher = FIELD.matcher(text);
        StringBuilder filled = new StringBuilder();
        while (matcher.find()) {
            Object value = record.get(matcher.group(1));
            if (value == null) {
                throw new RecordFault(
                        record.containsKey(matcher.group(1))
                                ? "expected a value in the column '" + matcher.group(1) + "', found null"
                                : "expected a column '" + matcher.group(1) + "', found " + record.keySet());
            }
            matcher.appendReplacement(filled, Matcher.quoteReplacement(value.toString()));
        }
        return matcher.appendTail(filled).toString();
    }
}
