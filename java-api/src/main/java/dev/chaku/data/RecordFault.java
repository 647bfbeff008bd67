package dev.chaku.data;

/** What is wrong with a record; the reader adds file and line. */
final class RecordFault extends Exception {
    private static final long serialVersionUID = 1;

    /** @param message may quote the record: it is made printable */
    RecordFault(String message) {
        super(Printable.line(message));
    }
}
