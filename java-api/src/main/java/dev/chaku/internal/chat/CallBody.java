package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/** How one call of a tool is written. Immutable and thread-safe. */
interface CallBody {
    /** Reads a call. */
    void read(Reading in, CallSink out, List<Tool> tools);

    /** Texts of calls of a tool, and no others. */
    OutputForm form(Tool tool);

    /** The text of a call. */
    String write(ToolCall call);
}
