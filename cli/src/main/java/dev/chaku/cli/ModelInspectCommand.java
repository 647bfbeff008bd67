package dev.chaku.cli;

import dev.chaku.Chat;
import dev.chaku.chat.ChatFormat;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.text.template.ChatTemplate;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku model inspect}: what a GGUF file holds. */
@Command(
        name = "inspect",
        description = "Shows a GGUF file's metadata and tensors.",
        footer = {
            "",
            "Examples:",
            "  chaku model inspect base.gguf",
            "  chaku model inspect base.gguf --tensors",
            "  chaku model inspect base.gguf --json"
        })
final class ModelInspectCommand extends Verb {
    private static final int SHOWN_CHARS = 100;
    private static final int SHOWN_ELEMENTS = 6;

    @Reads
    @Parameters(paramLabel = "FILE", arity = "0..1", description = "A GGUF file: a model or an adapter.")
    private Path file;

    @Reads
    @Option(names = "--model", paramLabel = "FILE", description = "The same, as an option.")
    private Path model;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean listTensors;

    @Override
    void execute() {
        GgufFile gguf = GgufFile.read(Options.oneOf(this, "FILE", file, "--model", model));
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("file", gguf.path().toString());
        fields.put("bytes", gguf.fileBytes());
        if (gguf.parts().size() > 1) {
            fields.put(
                    "parts",
                    gguf.parts().stream().map(part -> part.path().toString()).toList());
        }
        fields.put("architecture", architecture(gguf));
        fields.put("parameters", parameters(gguf));
        fields.put("formats", formats(gguf));
        chatFormat(gguf).ifPresent(format -> {
            Map<String, Object> chat = new LinkedHashMap<>();
            chat.put("family", format.family());
            chat.put("writes_tools", format.writesTools());
            chat.put("writes_calls", format.writesCalls());
            chat.put("parallel_calls", format.parallelCalls());
            chat.put("reasoning", format.reasoning());
            fields.put("chat", chat);
        });
        fields.put("metadata", metadata(gguf.metadata()));
        fields.put(
                "tensors",
                gguf.tensors().stream().map(ModelInspectCommand::describe).toList());
        result(fields, () -> print(gguf));
    }

    private static String architecture(GgufFile gguf) {
        return gguf.metadata().findString("general.architecture").orElse("unknown");
    }

    /** How its chat template has calls and thoughts written; empty where it has none, or none that can be read. */
    private static Optional<ChatFormat> chatFormat(GgufFile gguf) {
        try {
            return gguf.metadata()
                    .findString("tokenizer.chat_template")
                    .map(source -> Chat.formatOf(ChatTemplate.parse("chat template", source, "", "")));
        } catch (BadInputException e) {
            return Optional.empty(); // Its source is shown all the same.
        }
    }

    private static long parameters(GgufFile gguf) {
        return gguf.tensors().stream().mapToLong(GgufTensor::elements).sum();
    }

    private static Map<String, Long> formats(GgufFile gguf) {
        return gguf.tensors().stream()
                .collect(Collectors.groupingBy(
                        t -> t.type().toString(), TreeMap::new, Collectors.summingLong(GgufTensor::bytes)));
    }

    private static Map<String, Object> describe(GgufTensor tensor) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", tensor.name());
        fields.put("type", tensor.type().toString());
        fields.put("dims", tensor.dims());
        fields.put("bytes", tensor.bytes());
        return fields;
    }

    /** Key values as JSON has them. */
    static Map<String, Object> metadata(GgufMetadata metadata) {
        Map<String, Object> all = new LinkedHashMap<>();
        metadata.asMap().forEach((key, value) -> all.put(key, plain(value)));
        return all;
    }

    private static Object plain(GgufValue value) {
        if (value instanceof GgufValue.Int number) {
            return number.fitsLong() ? number.bits() : new BigInteger(Long.toUnsignedString(number.bits()));
        }
        if (value instanceof GgufValue.Real real) {
            return real.value();
        }
        if (value instanceof GgufValue.Bool bool) {
            return bool.value();
        }
        if (value instanceof GgufValue.Text text) {
            return text.value();
        }
        if (value instanceof GgufArray.Strings strings) {
            return strings.toList();
        }
        if (value instanceof GgufArray.Numbers numbers) {
            List<Object> list = new ArrayList<>(numbers.size());
            for (int i = 0; i < numbers.size(); i++) {
                list.add(numbers.elementType().isFloat() ? (Object) numbers.doubleAt(i) : (Object) numbers.longAt(i));
            }
            return list;
        }
        return value.describe();
    }

    private void print(GgufFile gguf) {
        String parts = gguf.parts().size() > 1 ? " in " + gguf.parts().size() + " parts" : "";
        console()
                .print(gguf.path() + ": GGUF v" + gguf.version() + ", " + ProgressLine.bytes(gguf.fileBytes()) + parts);
        console()
                .print(String.format(
                        Locale.ROOT,
                        "%s, %,d parameters in %d tensors",
                        architecture(gguf),
                        parameters(gguf),
                        gguf.tensors().size()));
        formats(gguf)
                .forEach((type, bytes) -> console().print(String.format("  %-8s %s", type, ProgressLine.bytes(bytes))));
        chatFormat(gguf).ifPresent(format -> console()
                .print("chat template: calls of tools as " + format.family()
                        + (format.writesTools() ? "" : ", told in the system message")
                        + (format.parallelCalls() ? "" : ", one an answer")
                        + (format.reasoning() ? "; thoughts" : "")));
        console().print("");
        gguf.metadata().asMap().forEach((key, value) -> console().print(key + " = " + brief(value)));
        if (listTensors) {
            console().print("");
            for (GgufTensor t : gguf.tensors()) {
                console()
                        .print(String.format(
                                "%-44s %-8s %-20s %s",
                                t.name(), t.type(), Arrays.toString(t.dims()), ProgressLine.bytes(t.bytes())));
            }
        }
    }

    private static String brief(GgufValue value) {
        String text;
        if (value instanceof GgufArray.Strings strings) {
            List<String> first = new ArrayList<>();
            for (int i = 0; i < Math.min(SHOWN_ELEMENTS, strings.size()); i++) {
                first.add(strings.get(i));
            }
            text = first + (strings.size() > SHOWN_ELEMENTS ? " … " + strings.size() + " in all" : "");
        } else if (value instanceof GgufArray array) {
            text = array.size() <= SHOWN_ELEMENTS ? String.valueOf(plain(array)) : array.describe();
        } else {
            text = String.valueOf(plain(value));
        }
        String line = text.replace("\n", "\\n").replace("\r", "\\r");
        return line.length() <= SHOWN_CHARS ? line : line.substring(0, SHOWN_CHARS) + "…";
    }
}
