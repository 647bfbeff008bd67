package dev.chaku.errors;

/** The device or the native library cannot be used. */
public final class DeviceException extends ChakuException {
    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
