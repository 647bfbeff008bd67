package dev.chaku.cli;

import dev.chaku.Device;
import dev.chaku.ModelOptions;
import picocli.CommandLine.Option;

/** Options of every verb that computes. */
final class EngineOptions {
  @Option(names = "--threads", defaultValue = "0", paramLabel = "N", description = "Threads; 0, the default: one per core.")
  private int threads;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      paramLabel = "NAME",
      description =
          "cpu (the best path of this processor), reference, avx2, avx512, avx512vnni, avx512bf16 or amx. The last two"
              + " round operands of large products to bfloat16; cpu chooses amx where it is, avx512bf16 never.")
  private String device;

  ModelOptions modelOptions() {
    return ModelOptions.defaults().withDevice(Device.parse(device)).withThreads(threads);
  }
}
