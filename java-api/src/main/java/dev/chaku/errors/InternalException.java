package dev.chaku.errors;

/** Our own fault: please report it. */
public final class InternalException extends ChakuException {
    public InternalException(String message) {
        super(message);
    }

    public InternalException(String message, Throwable cause) {
        super(message, cause);
    }
}
