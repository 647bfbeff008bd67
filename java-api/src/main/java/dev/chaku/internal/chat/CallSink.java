package dev.chaku.internal.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Collects the calls that one stretch of text makes. Reading it again from its beginning, with more at its end, gives
 * what was given before and more. Not thread-safe.
 */
final class CallSink {
    /** A call as far as it was read. */
    static final class Call {
        final String name;

        /** What the model wrote before the arguments; empty for none. */
        final String id;

        String arguments = "";
        boolean whole;

        Call(String name, String id) {
            this.name = name;
            this.id = id;
        }
    }

    final List<Call> calls = new ArrayList<>();

    /** Where the last whole call ends; -1 before the first. */
    int wholeUntil = -1;

    void begin(String name, String id) {
        if (name.isEmpty()) {
            throw new Reading.Malformed("expected the name of a tool, found none");
        }
        calls.add(new Call(name, id));
    }

    private Call last() {
        return calls.get(calls.size() - 1);
    }

    /** Arguments so far: the beginning of what they become. */
    void arguments(String soFar) {
        last().arguments = soFar;
    }

    void end(int position) {
        last().whole = true;
        wholeUntil = position;
    }

    /** Reads a JSON object as arguments, from where it begins. */
    void json(Reading in) {
        in.skipSpace();
        if (in.peek() != '{') {
            throw in.expected("a JSON object of arguments");
        }
        int from = in.position();
        try {
            in.json();
        } catch (Reading.NeedMore e) {
            arguments(in.slice(from, in.position()));
            throw e;
        }
        arguments(in.slice(from, in.position()));
    }
}
