package dev.chaku.errors;

/** Our own fault: please report it. */
public final class InternalException extends ChakuException {
    /**
     * Says that there was a fault of the library itself.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public InternalException(String message) {
        super(message);
    }

    /**
     * Says that there was a fault of the library itself.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public InternalException(String message, Throwable cause) {
        super(message, cause);
    }
}
