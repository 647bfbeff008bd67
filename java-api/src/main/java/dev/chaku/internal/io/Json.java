package dev.chaku.internal.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;

/**
 * Makes every reader and writer of JSON. Jackson's own pool of buffers hangs on threads, and would keep a dropped class
 * loader alive as long as they live; the pool of these factories goes with the class loader. Thread-safe.
 */
public final class Json {
    /** Reads with Jackson's own limits, writes without white space. */
    public static final JsonFactory FACTORY = builder().build();

    private Json() {}

    /** A builder of a factory with settings of its own, such as the limits that a file's reader sets. */
    public static JsonFactoryBuilder builder() {
        return new JsonFactoryBuilder().recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool());
    }
}
