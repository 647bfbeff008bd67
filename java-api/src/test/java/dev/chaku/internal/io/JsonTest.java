package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertSame;

import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void noFactoryKeepsBuffersOnThreads() {
        assertSame(JsonRecyclerPools.sharedConcurrentDequePool(), Json.FACTORY._getRecyclerPool());
        assertSame(
                JsonRecyclerPools.sharedConcurrentDequePool(),
                Json.builder().build()._getRecyclerPool());
    }
}
