package dev.chaku.errors;

/**
 * What goes wrong in Chaku, one class per kind of reaction. The message is one line that names the file, line or
 * tensor, what was expected, what was found and, where there is one, the remedy.
 */
public sealed class ChakuException extends RuntimeException
        permits BadInputException, ResourceException, DeviceException, OperationCancelledException, InternalException {

    public ChakuException(String message) {
        super(message);
    }

    public ChakuException(String message, Throwable cause) {
        super(message, cause);
    }
}
