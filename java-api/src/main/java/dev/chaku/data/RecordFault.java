package dev.chaku.data;

/** What is wrong with a record; the reader adds file and line. */
final class RecordFault extends Exception {
  private static final long serialVersionUID = 1;

  RecordFault(String message) {
    super(message);
  }
}
