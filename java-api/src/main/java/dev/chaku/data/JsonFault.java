package dev.chaku.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is wrong with a text that is no JSON, in words of our own: the parser's speak of its settings and classes. */
final class JsonFault {
    private static final Pattern CHARACTER = Pattern.compile("(?s)^Unexpected character \\('(.|..)' \\(code .*");
    private static final Pattern CONTROL = Pattern.compile("(?s)^Illegal .*code (\\d+).*");
    private static final Pattern WORD = Pattern.compile("(?s)^Unrecognized token '(.*?)': .*");
    private static final Pattern NUMBER_WORD = Pattern.compile("(?s)^Non-standard token '(.*?)'.*");
    private static final Pattern KEY = Pattern.compile("(?s)^Duplicate field '(.*)'.*");
    private static final Pattern ESCAPE = Pattern.compile("(?s)^Unrecognized character escape.*?'(.|..)'.*");
    private static final Pattern CLOSING = Pattern.compile("(?s)^Unexpected close marker '(.)': expected '(.)'.*");

    /** Mistakes that people make, by the character at which the parser stumbles. */
    private static final Map<String, String> HINTS = Map.of(
            "'", "texts and names stand in double quotes",
            "#", "JSON has no comments",
            "/", "JSON has no comments",
            "\uFEFF", "a byte-order mark: files were joined",
            "}", "is there a comma too many before it?",
            "]", "is there a comma too many before it?",
            "\u201c", "texts and names stand in plain double quotes",
            "\u201d", "texts and names stand in plain double quotes");

    private JsonFault() {}

    /** What is wrong and where, in one line. */
    static String describe(IOException e) {
        if (!(e instanceof JsonProcessingException fault)) {
            return Printable.line(String.valueOf(e.getMessage()));
        }
        String reason = reason(fault, String.valueOf(fault.getOriginalMessage()));
        String place = fault.getLocation() == null
                ? ""
                : ", at column " + fault.getLocation().getColumnNr();
        return Printable.line(reason + place);
    }

    private static String reason(JsonProcessingException fault, String message) {
        if (fault instanceof StreamConstraintsException) {
            return limit(message);
        }
        if (fault instanceof JsonEOFException) {
            return "it ends within a value";
        }
        if (message.contains("numeric value") || message.contains("eading zero")) {
            return "a number that is none";
        }
        Matcher matcher = CHARACTER.matcher(message);
        if (matcher.matches()) {
            String hint = HINTS.get(matcher.group(1));
            return "unexpected " + quoted(matcher.group(1)) + (hint == null ? "" : " (" + hint + ")");
        }
        if ((matcher = CONTROL.matcher(message)).matches()) {
            return String.format(
                    "control character U+%04X in it, expected an escape", Integer.parseInt(matcher.group(1)));
        }
        if ((matcher = WORD.matcher(message)).matches()) {
            return "unexpected " + quoted(matcher.group(1)) + " (texts stand in double quotes)";
        }
        if ((matcher = NUMBER_WORD.matcher(message)).matches()) {
            return quoted(matcher.group(1)) + " is no number of JSON; write null, or leave the key out";
        }
        if ((matcher = KEY.matcher(message)).matches()) {
            return "the key " + quoted(matcher.group(1)) + " stands there twice";
        }
        if ((matcher = ESCAPE.matcher(message)).matches()) {
            return "unknown escape " + quoted("\\" + matcher.group(1));
        }
        if ((matcher = CLOSING.matcher(message)).matches()) {
            return "found " + quoted(matcher.group(1)) + " where " + quoted(matcher.group(2)) + " closes";
        }
        return "it breaks off";
    }

    private static String limit(String message) {
        if (message.contains("nesting depth")) {
            return "nested deeper than " + JsonValues.MOST_DEPTH + " levels";
        }
        return message.contains("Number") ? "a number of too many digits" : "a text or name that is too long";
    }

    private static String quoted(String text) {
        return "'" + (text.equals("\uFEFF") ? "U+FEFF" : text) + "'";
    }
}
