package dev.chaku.internal.chat;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.internal.chat.ChatFamily.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads an answer as it comes: words, thoughts and calls. What is told does not depend on how the text is cut, and no
 * character is lost but marks and white space beside them: what begins like a call and is none is text. Not
 * thread-safe.
 *
 * <p>Words are passed on once they can no longer become a mark. A call is read again from its beginning whenever more
 * of it has come, which gives what it gave before and more.
 */
public final class ReplyParser {
    /** What a parser is to know of the answer. */
    public record Settings(ReplyFormat format, List<Tool> tools, boolean calls, boolean thinks, Supplier<String> ids) {
        public Settings {
            tools = List.copyOf(tools);
        }
    }

    private final Settings settings;
    private final ChatFamily family;
    private final Thoughts thoughts;
    private final Consumer<ChatEvent> out;
    private final StringBuilder buffer = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final CallStream stream;

    /** White space that is text only if more text follows. */
    private final StringBuilder held = new StringBuilder();

    private int at;
    private Mode mode;
    private boolean atStart = true;
    private boolean dropsSpace;
    private boolean inCall;
    private int markLength;

    /** @param out gets each part of the answer as soon as it is known; the last, {@code Finished}, is not among them */
    public ReplyParser(Settings settings, Consumer<ChatEvent> out) {
        this.settings = settings;
        this.family = settings.format().family();
        this.thoughts = settings.format().thoughts();
        this.out = out;
        this.mode = settings.thinks() ? Mode.REASONING : Mode.TEXT;
        this.dropsSpace = settings.thinks();
        this.stream = new CallStream(out, calls, settings.ids());
    }

    /** Adds a piece. */
    public void add(String piece) {
        buffer.append(piece);
        run(false);
    }

    /** Ends the answer. */
    public Message.Assistant finish() {
        run(true);
        flushSpace();
        return new Message.Assistant(text.toString(), reasoning.toString(), calls);
    }

    /** What began like a call and is none. */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    private void run(boolean whole) {
        while (inCall ? call(whole) : words(whole)) {
            // Until more is needed.
        }
        if (at > 4096) {
            buffer.delete(0, at);
            at = 0;
        }
    }

    /** Passes words on up to the next mark; says whether there is more to do. */
    private boolean words(boolean whole) {
        int from = at;
        for (int i = at; i < buffer.length(); i++) {
            String mark = mark(i, whole);
            if (mark == null) {
                emit(buffer.substring(from, i));
                at = i;
                return false;
            }
            if (!mark.isEmpty()) {
                emit(buffer.substring(from, i));
                at = i;
                return take(mark);
            }
            if (atStart && !Character.isWhitespace(buffer.charAt(i))) {
                atStart = false;
            }
        }
        emit(buffer.substring(from));
        at = buffer.length();
        return false;
    }

    /** The longest mark at a place; empty for none, null if there might be one. */
    private @Nullable String mark(int i, boolean whole) {
        String found = "";
        for (List<String> marks : marks()) {
            for (String mark : marks) {
                int rest = buffer.length() - i;
                if (mark.length() <= rest) {
                    boolean here = mark.length() > found.length() && startsWith(i, mark, mark.length());
                    found = here ? mark : found;
                } else if (!whole && startsWith(i, mark, rest)) {
                    return null;
                }
            }
        }
        return found;
    }

    private boolean startsWith(int i, String mark, int length) {
        for (int k = 0; k < length; k++) {
            if (buffer.charAt(i + k) != mark.charAt(k)) {
                return false;
            }
        }
        return true;
    }

    private List<List<String>> marks() {
        if (mode == Mode.REASONING) {
            return List.of(thoughts.closes());
        }
        List<String> triggers = settings.calls() ? family.triggers() : List.of();
        List<String> first = settings.calls() && atStart ? family.triggersAtStart() : List.of();
        return List.of(thoughts.opens(), family.silent(), triggers, first);
    }

    /** Does what a mark says; true, as there may be more to do. */
    private boolean take(String mark) {
        if (mode == Mode.REASONING) {
            held.setLength(0);
            dropsSpace = true;
            mode = Mode.TEXT;
            if (family.triggers().contains(mark)) {
                return true;
            }
            at += mark.length();
        } else if (thoughts.opens().contains(mark)) {
            at += mark.length();
            flushSpace();
            dropsSpace = true;
            mode = Mode.REASONING;
        } else if (family.silent().contains(mark)) {
            at += mark.length();
        } else {
            inCall = true;
            markLength = mark.length();
        }
        return true;
    }

    /** Reads calls from the mark that begins them; says whether there is more to do. */
    private boolean call(boolean whole) {
        Reading in = new Reading(buffer, at, whole);
        CallSink sink = new CallSink();
        try {
            mode = family.read(in, sink, settings.tools());
        } catch (Reading.NeedMore e) {
            stream.tell(sink);
            return false;
        } catch (Reading.Malformed e) {
            stream.tell(sink);
            stream.drop(sink, e.getMessage());
            drop(sink, e.getMessage());
            return true;
        }
        stream.tell(sink);
        stream.finish();
        endOfCalls(in.position());
        return true;
    }

    private void endOfCalls(int position) {
        held.setLength(0);
        dropsSpace = true;
        atStart = false;
        inCall = false;
        at = position;
    }

    private void drop(CallSink sink, String problem) {
        boolean begun =
                sink.wholeUntil >= 0 || !family.triggersAtStart().contains(buffer.substring(at, at + markLength));
        if (begun || !sink.calls.isEmpty()) {
            problems.add("call of a tool: " + problem);
        }
        stream.finish();
        if (sink.wholeUntil >= 0) {
            endOfCalls(sink.wholeUntil);
            return;
        }
        inCall = false;
        atStart = false;
        String mark = buffer.substring(at, at + markLength);
        at += markLength;
        emit(mark);
    }

    /** Passes on words or thoughts; white space at the end waits for what follows. */
    private void emit(String piece) {
        int from = 0;
        int length = piece.length();
        while (dropsSpace && from < length && Character.isWhitespace(piece.charAt(from))) {
            from++;
        }
        if (from == length) {
            return;
        }
        dropsSpace = false;
        int end = length;
        while (end > from && Character.isWhitespace(piece.charAt(end - 1))) {
            end--;
        }
        if (end > from) {
            held.append(piece, from, end);
            flushSpace();
        }
        held.append(piece, end, length);
    }

    private void flushSpace() {
        if (held.length() > 0) {
            String words = held.toString();
            held.setLength(0);
            (mode == Mode.REASONING ? reasoning : text).append(words);
            out.accept(mode == Mode.REASONING ? new ChatEvent.Reasoning(words) : new ChatEvent.Text(words));
        }
    }
}
