package dev.chaku.errors;

/** Memory or disk does not suffice; ask for less or free some. */
public final class ResourceException extends ChakuException {
    public ResourceException(String message) {
        super(message);
    }

    public ResourceException(String message, Throwable cause) {
        super(message, cause);
    }
}
