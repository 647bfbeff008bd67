package dev.chaku.cli;

import dev.chaku.errors.ChakuException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Standard output whose failures end the work: print streams keep them to themselves, and a result that is not written
 * would pass for one that is. The failure is thrown at once, past the print stream, and once only.
 */
final class ResultStream extends OutputStream {
    private final OutputStream out;
    private boolean failed;

    ResultStream(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    /**
     * Writes bytes.
     *
     * @throws ReaderGone if the reader went away
     * @throws ChakuException if they cannot be written for another reason
     */
    @Override
    public void write(byte[] bytes, int from, int count) {
        if (failed) {
            return;
        }
        try {
            out.write(bytes, from, count);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void flush() {
        if (failed) {
            return;
        }
        try {
            out.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private RuntimeException failure(IOException e) {
        failed = true;
        return FileFault.isReaderGone(e) ? new ReaderGone() : FileFault.notWritten("standard output", e);
    }
}
