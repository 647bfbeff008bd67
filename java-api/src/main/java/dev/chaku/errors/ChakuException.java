package dev.chaku.errors;

/**
 * What goes wrong in Chaku, one class per kind of reaction. The message is one line that names the file, line or
 * tensor, what was expected, what was found and, where there is one, the remedy.
 */
public sealed class ChakuException extends RuntimeException
        permits BadInputException,
                ResourceException,
                BusyException,
                DeviceException,
                OperationCancelledException,
                InternalException {

    /**
     * Says that there was any failure of the library.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public ChakuException(String message) {
        super(message);
    }

    /**
     * Says that there was any failure of the library.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public ChakuException(String message, Throwable cause) {
        super(message, cause);
    }
}
