package dev.chaku.data;

import dev.chaku.BadInputException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of a file's columns for the keys that a format asks for, such as {@code prompt=question}. A value with braces is
 * a text with the columns filled in: {@code prompt=Translate: {english}}. Immutable.
 *
 * @param columns the format's key to the file's column or text; other columns keep their names
 */
public record ColumnMap(Map<String, String> columns) {
  private static final Pattern FIELD = Pattern.compile("\\{([^{}]+)\\}");

  /** No column is renamed. */
  public static final ColumnMap NONE = new ColumnMap(Map.of());

  public ColumnMap {
    columns = Map.copyOf(columns);
  }

  /**
   * Reads {@code key=column} pairs, separated by commas.
   *
   * @throws BadInputException if one is no pair
   */
  public static ColumnMap parse(String text) {
    Map<String, String> columns = new LinkedHashMap<>();
    for (String pair : text.split(",")) {
      int equals = pair.indexOf('=');
      if (equals <= 0 || equals == pair.length() - 1) {
        throw new BadInputException("column map: expected pairs as in prompt=question, found '" + pair + "'");
      }
      columns.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
    }
    return new ColumnMap(columns);
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

  private static String filled(String text, Map<?, ?> record) throws RecordFault {
    Matcher matcher = FIELD.matcher(text);
    StringBuilder filled = new StringBuilder();
    while (matcher.find()) {
      Object value = record.get(matcher.group(1));
      if (value == null) {
        throw new RecordFault("expected a column '" + matcher.group(1) + "', found " + record.keySet());
      }
      matcher.appendReplacement(filled, Matcher.quoteReplacement(value.toString()));
    }
    return matcher.appendTail(filled).toString();
  }
}
