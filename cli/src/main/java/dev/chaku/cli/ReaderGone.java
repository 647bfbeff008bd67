package dev.chaku.cli;

/** Says that nobody reads standard output any more, as behind {@code | head}: there is nothing left to do. */
final class ReaderGone extends RuntimeException {
    private static final long serialVersionUID = 1;

    ReaderGone() {
        super("nobody reads standard output", null, false, false);
    }
}
