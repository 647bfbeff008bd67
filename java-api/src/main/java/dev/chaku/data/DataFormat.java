package dev.chaku.data;

import dev.chaku.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** How records are laid out; the key names the format when none is given. */
public enum DataFormat {
  /** OpenAI: {@code {"messages": [{"role": …, "content": …}]}}. */
  CHAT("messages"),
  /** {@code {"prompt": …, "completion": …}}. */
  PROMPT_COMPLETION("prompt"),
  /** ShareGPT: {@code {"conversations": [{"from": …, "value": …}]}}. */
  SHAREGPT("conversations"),
  /** Alpaca: {@code {"instruction": …, "input": …, "output": …}}. */
  ALPACA("instruction"),
  /** {@code {"text": …}}. */
  TEXT("text");

  private final String key;

  DataFormat(String key) {
    this.key = key;
  }

  /** The name as command lines write it, for instance {@code prompt-completion}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** @throws BadInputException for an unknown name */
  public static DataFormat parse(String name) {
    return Arrays.stream(values())
        .filter(format -> format.label().equals(name))
        .findFirst()
        .orElseThrow(() -> new BadInputException("data format: expected " + known() + ", found '" + name + "'"));
  }

  static Optional<DataFormat> of(Map<?, ?> record) {
    return Arrays.stream(values()).filter(format -> record.containsKey(format.key)).findFirst();
  }

  static String known() {
    return Arrays.stream(values()).map(DataFormat::label).collect(Collectors.joining(", "));
  }
}
