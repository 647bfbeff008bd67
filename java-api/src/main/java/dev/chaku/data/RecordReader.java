package dev.chaku.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A record's JSON to an example; what is missing or wrong is a {@link Fault}. */
final class RecordReader {
  private static final Map<String, String> SHAREGPT_ROLES =
      Map.of(
          "human", "user",
          "user", "user",
          "gpt", "assistant",
          "assistant", "assistant",
          "chatgpt", "assistant",
          "function_call", "assistant",
          "system", "system",
          "observation", "tool",
          "tool", "tool");
  private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");

  /** What is wrong with a record. */
  static final class Fault extends Exception {
    private static final long serialVersionUID = 1;

    Fault(String message) {
      super(message);
    }
  }

  private RecordReader() {}

  static Example read(@Nullable Object json, @Nullable DataFormat named, String source) throws Fault {
    if (!(json instanceof Map<?, ?> record)) {
      throw new Fault("expected a JSON object, found " + kind(json));
    }
    DataFormat format = named != null ? named : detect(record);
    return switch (format) {
      case TEXT -> new Example.Text(source, text(record, "text"));
      case PROMPT_COMPLETION ->
          new Example.PromptCompletion(source, text(record, "prompt"), text(record, "completion"));
      case CHAT -> chat(record, source);
      case SHAREGPT -> shareGpt(record, source);
      case ALPACA -> alpaca(record, source);
    };
  }

  private static DataFormat detect(Map<?, ?> record) throws Fault {
    return DataFormat.of(record)
        .orElseThrow(
            () ->
                new Fault(
                    "expected a key of a known format (messages, prompt, conversations, instruction or text), found "
                        + record.keySet()));
  }

  private static Example chat(Map<?, ?> record, String source) throws Fault {
    List<Map<String, Object>> messages = new ArrayList<>();
    List<Float> weights = new ArrayList<>();
    for (Map<?, ?> entry : objects(record, "messages")) {
      String where = "messages[" + messages.size() + "]";
      if (!(entry.get("role") instanceof String role) || !ROLES.contains(role)) {
        throw new Fault(where + ": expected a role of " + ROLES.stream().sorted().toList() + ", found " + entry.get("role"));
      }
      Map<String, Object> message = new LinkedHashMap<>();
      entry.forEach((key, value) -> message.put(key.toString(), value));
      message.put("content", content(entry, where));
      messages.add(message);
      weights.add(weight(entry, role, where));
    }
    requireAssistant(messages);
    Object tools = record.get("tools");
    return new Example.Chat(source, messages, weights, tools instanceof List<?> list ? List.copyOf(list) : List.of());
  }

  /** A string, or typed parts of which the texts are joined. A call of tools may have none. */
  private static String content(Map<?, ?> message, String where) throws Fault {
    Object content = message.get("content");
    if (content instanceof String text) {
      return text;
    }
    if (content instanceof List<?> parts) {
      StringBuilder joined = new StringBuilder();
      for (Object part : parts) {
        Object text = part instanceof Map<?, ?> map ? map.containsKey("text") ? map.get("text") : map.get("value") : part;
        if (!(text instanceof String string)) {
          throw new Fault(where + ": expected parts with a text, found " + kind(part));
        }
        joined.append(string);
      }
      return joined.toString();
    }
    if (content == null && (message.containsKey("tool_calls") || message.containsKey("function_call"))) {
      return "";
    }
    throw new Fault(where + ": expected a string as content, found " + kind(content));
  }

  private static float weight(Map<?, ?> message, String role, String where) throws Fault {
    Object weight = message.containsKey("weight") ? message.get("weight") : message.get("loss_weight");
    if (!role.equals("assistant")) {
      return 0;
    }
    if (weight == null) {
      return 1;
    }
    if (!(weight instanceof Number number) || !(number.doubleValue() >= 0) || Double.isInfinite(number.doubleValue())) {
      throw new Fault(where + ": expected a weight of at least 0, found " + weight);
    }
    return number.floatValue();
  }

  private static Example shareGpt(Map<?, ?> record, String source) throws Fault {
    List<Map<String, Object>> messages = new ArrayList<>();
    if (record.get("system") instanceof String system && !system.isEmpty()) {
      messages.add(message("system", system));
    }
    for (Map<?, ?> entry : objects(record, "conversations")) {
      String where = "conversations[" + messages.size() + "]";
      String role = SHAREGPT_ROLES.get(String.valueOf(entry.get("from")));
      if (role == null) {
        throw new Fault(
            where + ": expected a sender of " + SHAREGPT_ROLES.keySet().stream().sorted().toList() + ", found "
                + entry.get("from"));
      }
      messages.add(message(role, text(entry, "value")));
    }
    return plainChat(messages, source);
  }

  private static Example alpaca(Map<?, ?> record, String source) throws Fault {
    String input = record.get("input") instanceof String text ? text : "";
    String asked = text(record, "instruction") + (input.isEmpty() ? "" : "\n\n" + input);
    List<Map<String, Object>> messages = new ArrayList<>();
    if (record.get("system") instanceof String system && !system.isEmpty()) {
      messages.add(message("system", system));
    }
    messages.add(message("user", asked));
    messages.add(message("assistant", text(record, "output")));
    return plainChat(messages, source);
  }

  private static Example plainChat(List<Map<String, Object>> messages, String source) throws Fault {
    requireAssistant(messages);
    List<Float> weights = messages.stream().map(m -> m.get("role").equals("assistant") ? 1f : 0f).toList();
    return new Example.Chat(source, messages, weights, List.of());
  }

  private static Map<String, Object> message(String role, String content) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  private static void requireAssistant(List<Map<String, Object>> messages) throws Fault {
    if (messages.stream().noneMatch(m -> m.get("role").equals("assistant"))) {
      String roles = messages.stream().map(m -> m.get("role").toString()).collect(Collectors.joining(", "));
      throw new Fault("expected at least one message of the assistant, found roles: " + (roles.isEmpty() ? "none" : roles));
    }
  }

  private static List<Map<?, ?>> objects(Map<?, ?> record, String key) throws Fault {
    if (!(record.get(key) instanceof List<?> list)) {
      throw new Fault("expected an array as '" + key + "', found " + kind(record.get(key)));
    }
    List<Map<?, ?>> objects = new ArrayList<>();
    for (Object entry : list) {
      if (!(entry instanceof Map<?, ?> map)) {
        throw new Fault(key + "[" + objects.size() + "]: expected an object, found " + kind(entry));
      }
      objects.add(map);
    }
    return objects;
  }

  private static String text(Map<?, ?> record, String key) throws Fault {
    if (record.get(key) instanceof String text) {
      return text;
    }
    throw new Fault("expected a string as '" + key + "', found " + (record.containsKey(key) ? kind(record.get(key)) : "none"));
  }

  private static String kind(@Nullable Object value) {
    if (value == null) {
      return "null";
    }
    if (value instanceof Map) {
      return "an object";
    }
    if (value instanceof List) {
      return "an array";
    }
    return value instanceof String ? "a string" : value instanceof Boolean ? "a truth value" : "a number";
  }
}
