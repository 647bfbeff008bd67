package dev.chaku.internal.core;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.DeviceException;
import dev.chaku.errors.InternalException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.core.binding.generated.chaku;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;

/** Turns a status of the core into the exception that asks for the right reaction. */
final class Status {
    /** The core's messages begin with the operation in brackets, which helps those alone who know the core. */
    private static final Pattern INSIDE = Pattern.compile("^\\[[a-z_0-9]+\\] ");

    private Status() {}

    /**
     * Returns if the status is 0; call it on the thread that made the call, before it makes another.
     *
     * @param context what the call was about, for instance {@code tensor blk.0.attn_q.weight of base.gguf}; may be
     *     empty
     */
    static void check(int status, String context) {
        if (status != chaku.CHAKU_OK) {
            throw exception(status, lastError(), context);
        }
    }

    static void check(int status) {
        check(status, "");
    }

    static ChakuException exception(int status, String message, String context) {
        String words = INSIDE.matcher(message).replaceFirst("");
        String text = context.isEmpty() ? words : context + ": " + words;
        return switch (status) {
            case chaku.CHAKU_INVALID_ARGUMENT, chaku.CHAKU_UNSUPPORTED, chaku.CHAKU_BAD_DATA, chaku.CHAKU_IO_ERROR ->
                new BadInputException(text);
            case chaku.CHAKU_OUT_OF_MEMORY, chaku.CHAKU_MEMORY_LIMIT -> new ResourceException(text);
            case chaku.CHAKU_DEVICE_ERROR, chaku.CHAKU_DEVICE_ABSENT -> new DeviceException(text);
            case chaku.CHAKU_CANCELLED -> new OperationCancelledException(text);
            default ->
                new InternalException(
                        (context.isEmpty() ? message : context + ": " + message) + " (status " + status + ")");
        };
    }

    private static String lastError() {
        BytePointer message = chaku.chaku_last_error();
        return message == null || message.isNull() ? "no message" : message.getString(StandardCharsets.UTF_8);
    }
}
