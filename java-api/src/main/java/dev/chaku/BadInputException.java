package dev.chaku;

/** A file, data set, model, adapter or setting is wrong or not supported; mend it and try again. */
public final class BadInputException extends ChakuException {
  public BadInputException(String message) {
    super(message);
  }

  public BadInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
