package dev.chaku.errors;

/** The device or the native library cannot be used. */
public final class DeviceException extends ChakuException {
    /**
     * Says that there was a device that is absent or fails.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public DeviceException(String message) {
        super(message);
    }

    /**
     * Says that there was a device that is absent or fails.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
