package dev.chaku.internal.chat;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Tells of calls what was not told yet, each time that more of them was read. Not thread-safe. */
final class CallStream {
    private final Consumer<ChatEvent> out;
    private final List<ToolCall> calls;
    private final Supplier<String> ids;

    /** Ids of the calls of the stretch that is being read, as far as they were told. */
    private final List<String> begun = new ArrayList<>();

    private int toldArguments;
    private int whole;

    /** @param calls gets whole calls */
    CallStream(Consumer<ChatEvent> out, List<ToolCall> calls, Supplier<String> ids) {
        this.out = out;
        this.calls = calls;
        this.ids = ids;
    }

    /** Tells what is new in a stretch that begins as the one before did. */
    void tell(CallSink sink) {
        for (int i = whole; i < sink.calls.size(); i++) {
            CallSink.Call call = sink.calls.get(i);
            int index = calls.size();
            if (i == begun.size()) {
                begun.add(call.id.isEmpty() ? ids.get() : call.id);
                toldArguments = 0;
                out.accept(new ChatEvent.CallStarted(index, begun.get(i), call.name));
            }
            if (call.arguments.length() > toldArguments) {
                out.accept(new ChatEvent.CallArguments(index, call.arguments.substring(toldArguments)));
                toldArguments = call.arguments.length();
            }
            if (call.whole) {
                ToolCall made = new ToolCall(begun.get(i), call.name, call.arguments);
                calls.add(made);
                whole++;
                out.accept(new ChatEvent.CallFinished(index, made));
            }
        }
    }

    /** Takes back a call that was begun and is none. */
    void drop(CallSink sink, String problem) {
        if (begun.size() > whole) {
            out.accept(new ChatEvent.CallDropped(calls.size(), problem));
        }
    }

    /** Ends the stretch. */
    void finish() {
        begun.clear();
        toldArguments = 0;
        whole = 0;
    }
}
