package dev.chaku.cli;

import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import dev.chaku.ModelOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options of every verb that computes. */
final class EngineOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec verb;

    @Mixin
    private ThreadsOption threads;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            paramLabel = "NAME",
            description =
                    "cpu (the fastest path of this processor), float32 (the fastest that rounds no operands), reference, avx2, avx512,"
                            + " avx512vnni, avx512bf16 or amx. The last two round operands to bfloat16, but for tokens being generated."
                            + " cuda or cuda:N is a graphics card, cuda-float32 one that rounds no operands, prefer-cuda the"
                            + " processor where there is none; chaku doctor lists them.")
    private Device device;

    @Option(
            names = "--gpu-layers",
            paramLabel = "N",
            description =
                    "With --device cuda: the weights of N layers alone stay on the card; those of the others are brought there when they"
                            + " are needed, one layer ahead, for models that are larger than its memory. Slower; the results are the same.")
    private Integer gpuLayers;

    @Option(
            names = "--memory-limit",
            paramLabel = "SIZE",
            converter = MemorySize.class,
            description =
                    "Most memory that a training or a generation may take, weights included, of a training Java's own too, such as 2500M"
                            + " or 6G: a training then keeps fewer activations and computes them again. Without it, half of what is available goes to them.")
    private Long memoryLimit;

    private boolean fallbackTold;

    /** Says once where a graphics card that was preferred is not used. */
    ModelOptions modelOptions() {
        Device wanted = gpuLayers == null ? device : device.withGpuLayers(gpuLayers);
        if (gpuLayers != null && !device.isCuda()) {
            throw ((Verb) verb.userObject())
                    .usage("--gpu-layers has no effect with --device " + device.label() + ": give --device cuda");
        }
        if (!fallbackTold && device.isCuda() && device.equals(device.preferred())) {
            fallbackTold = true;
            String fallback = DeviceInfo.probe(device, 1).fallback();
            if (!fallback.isEmpty()) {
                ((Verb) verb.userObject()).console().note("note: computing on the processor: " + fallback);
            }
        }
        return ModelOptions.defaults()
                .withDevice(wanted)
                .withThreads(threads.count())
                .withMemoryLimitBytes(memoryLimit != null ? memoryLimit : 0);
    }
}
