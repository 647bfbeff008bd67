package dev.chaku.text.template;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters for web pages and columns of text, which few chat templates use. */
final class MarkupFilters {
    private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
    private static final Pattern TAG = Pattern.compile("<[^>]*>");
    private static final List<String> UNITS = List.of("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB");
    private static final List<String> BINARY_UNITS = List.of("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB");

    private MarkupFilters() {}

    static void register(Map<String, Builtin> registry) {
        Builtin.add(
                registry,
                "striptags",
                "value",
                (r, a) -> striptags(Repr.str(r.budget(), a.value(0)).toString()));
        Builtin.add(registry, "urlencode", "value", MarkupFilters::urlEncoded);
        Builtin.add(registry, "filesizeformat", "value binary?", MarkupFilters::fileSize);
        Builtin.add(
                registry,
                "wordwrap",
                "value width? break_long_words? wrapstring? break_on_hyphens?",
                MarkupFilters::wrapped);
    }

    private static String striptags(String text) {
        String bare = TAG.matcher(COMMENT.matcher(text).replaceAll("")).replaceAll("");
        String joined = String.join(" ", bare.trim().split("\\s+"));
        return joined.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#34;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
    }

    /** A str in percent-encoding, slashes kept; a dict or pairs as a query, slashes encoded. */
    private static Object urlEncoded(Rendering rendering, BoundArguments a) {
        Object value = a.value(0);
        if (!(value instanceof Map<?, ?> || value instanceof List<?> || value instanceof Tuple)) {
            return quoted(Repr.str(rendering.budget(), value), "/");
        }
        List<@Nullable Object> pairs =
                value instanceof Map<?, ?> map ? Methods.items(rendering, map) : Values.list(rendering.budget(), value);
        List<String> parts = new ArrayList<>();
        for (Object pair : pairs) {
            List<@Nullable Object> both = Values.list(rendering.budget(), pair);
            if (both.size() != 2) {
                throw TemplateFault.value("urlencode expected pairs, found %d elements".formatted(both.size()));
            }
            parts.add(queried(rendering, both.get(0)) + "=" + queried(rendering, both.get(1)));
        }
        return String.join("&", parts);
    }

    /** As in a query, where spaces are plus signs. */
    private static String queried(Rendering rendering, @Nullable Object value) {
        return quoted(Repr.str(rendering.budget(), value), "").replace("%20", "+");
    }

    private static String quoted(CharSequence text, String kept) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.toString().getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || kept.indexOf(c) >= 0);
            out.append(plain ? String.valueOf(c) : "%%%02X".formatted((int) c));
        }
        return out.toString();
    }

    private static String fileSize(Rendering rendering, BoundArguments a) {
        double bytes = a.value(0) instanceof CharSequence text
                ? Double.parseDouble(requireNumber(text.toString()))
                : Arithmetic.isNumber(a.value(0)) ? Arithmetic.real(a.value(0)) : Double.parseDouble(requireNumber(""));
        boolean binary = a.flag(1, false);
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return (long) bytes + " Bytes";
        }
        List<String> units = binary ? BINARY_UNITS : UNITS;
        double unit = base;
        int i = 0;
        while (i < units.size() - 1 && bytes >= unit * base) {
            unit *= base;
            i++;
        }
        return String.format(Locale.ROOT, "%.1f %s", bytes / unit, units.get(i));
    }

    private static String requireNumber(String text) {
        if (!text.strip().matches("[-+]?\\d{1,300}(\\.\\d{1,300})?")) {
            throw TemplateFault.value("could not convert string to float: " + text);
        }
        return text.strip();
    }

    /** Breaks lines that are longer than the width at white space, and words that are longer where asked to. */
    private static String wrapped(Rendering rendering, BoundArguments a) {
        int width = Math.max(1, a.integer(1, 79));
        boolean breakWords = a.flag(2, true);
        String separator = a.given(3) && a.value(3) != null ? a.text(3).toString() : "\n";
        boolean hyphens = a.flag(4, true);
        List<String> lines = new ArrayList<>();
        for (Object line : PythonString.lines(StringFilters.str(a), false)) {
            lines.add(String.join(separator, wrap(String.valueOf(line), width, breakWords, hyphens)));
        }
        String all = String.join(separator, lines);
        rendering.budget().characters(all.length(), all.length());
        return all;
    }

    private static List<String> wrap(String line, int width, boolean breakWords, boolean hyphens) {
        // Chunks alternate between words and the white space between them; hyphens end chunks inside of words.
        String blanks = "(?<=\\s)(?=\\S)|(?<=\\S)(?=\\s)";
        String cut = hyphens ? blanks + "|((?<=\\p{L}{2}-)|(?<=\\p{L}-\\p{L}-))(?=\\p{L}-?\\p{L})" : blanks;
        List<String> chunks = new ArrayList<>(Arrays.asList(line.split(cut)));
        List<String> lines = new ArrayList<>();
        StringBuilder current = new StringBuilder();
        for (int i = 0; i < chunks.size(); i++) {
            String chunk = chunks.get(i);
            if (current.length() + chunk.length() <= width) {
                current.append(current.length() == 0 && chunk.isBlank() && !lines.isEmpty() ? "" : chunk);
                continue;
            }
            if (chunk.length() > width && breakWords) {
                int room = width - current.length();
                current.append(chunk, 0, room);
                chunks.set(i--, chunk.substring(room));
            } else if (chunk.length() > width && current.length() == 0) {
                current.append(chunk);
            } else if (!chunk.isBlank()) {
                i--; // It begins the next line.
            }
            String done = current.toString().stripTrailing();
            if (!done.isEmpty()) {
                lines.add(done);
            }
            current.setLength(0);
        }
        String rest = current.toString().stripTrailing();
        if (!rest.isEmpty()) {
            lines.add(rest);
        }
        return lines;
    }
}
