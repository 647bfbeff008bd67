package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.BusyException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.DeviceException;
import dev.chaku.errors.InternalException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;

/** Exit codes of every verb; scripts rely on the numbers. */
enum ExitCode {
    DONE(0),
    USAGE(2),
    BAD_INPUT(3),
    NO_RESOURCES(4),
    DEVICE(5),
    OUR_FAULT(70),
    CANCELLED(130),
    /** As shells count a program that a broken pipe ended. */
    READER_GONE(141);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static ExitCode of(ChakuException failure) {
        if (failure instanceof BadInputException) {
            return BAD_INPUT;
        }
        if (failure instanceof ResourceException || failure instanceof BusyException) {
            return NO_RESOURCES;
        }
        if (failure instanceof DeviceException) {
            return DEVICE;
        }
        if (failure instanceof OperationCancelledException) {
            return CANCELLED;
        }
        assert failure instanceof InternalException;
        return OUR_FAULT;
    }
}
