package dev.chaku.errors;

/** The operation was cancelled by its caller. */
public final class OperationCancelledException extends ChakuException {
    public OperationCancelledException(String message) {
        super(message);
    }

    public OperationCancelledException(String message, Throwable cause) {
        super(message, cause);
    }
}
