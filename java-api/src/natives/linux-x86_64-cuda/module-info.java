/** The CUDA kernels of Chaku for linux-x86_64. */
module dev.chaku.natives.linux_x86_64_cuda {
  requires dev.chaku;

  provides dev.chaku.internal.natives.NativeJar with
      dev.chaku.natives.linux_x86_64_cuda.Natives;
}
