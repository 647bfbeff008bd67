package dev.chaku.errors;

/** Memory or disk does not suffice; ask for less or free some. */
public final class ResourceException extends ChakuException {
    /**
     * Says that there was a lack of memory, disk or threads.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public ResourceException(String message) {
        super(message);
    }

    /**
     * Says that there was a lack of memory, disk or threads.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public ResourceException(String message, Throwable cause) {
        super(message, cause);
    }
}
