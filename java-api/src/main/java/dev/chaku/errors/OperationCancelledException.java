package dev.chaku.errors;

/** The operation was cancelled by its caller. */
public final class OperationCancelledException extends ChakuException {
    /**
     * Says that there was an interrupt or a cancel that ended the work.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public OperationCancelledException(String message) {
        super(message);
    }

    /**
     * Says that there was an interrupt or a cancel that ended the work.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public OperationCancelledException(String message, Throwable cause) {
        super(message, cause);
    }
}
