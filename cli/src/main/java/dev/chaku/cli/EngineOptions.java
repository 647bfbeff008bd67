package dev.chaku.cli;

import dev.chaku.Device;
import dev.chaku.ModelOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every verb that computes. */
final class EngineOptions {
    @Mixin
    private ThreadsOption threads;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            paramLabel = "NAME",
            description =
                    "cpu (the fastest path of this processor), float32 (the fastest that rounds no operands), reference, avx2, avx512,"
                            + " avx512vnni, avx512bf16 or amx. The last two round operands to bfloat16, but for tokens being generated.")
    private Device device;

    @Option(
            names = "--memory-limit",
            paramLabel = "SIZE",
            converter = MemorySize.class,
            description =
                    "Most memory that a training or a generation may take, weights included, of a training Java's own too, such as 2500M"
                            + " or 6G: a training then keeps fewer activations and computes them again. Without it, half of what is available goes to them.")
    private Long memoryLimit;

    ModelOptions modelOptions() {
        return ModelOptions.defaults()
                .withDevice(device)
                .withThreads(threads.count())
                .withMemoryLimitBytes(memoryLimit != null ? memoryLimit : 0);
    }
}
