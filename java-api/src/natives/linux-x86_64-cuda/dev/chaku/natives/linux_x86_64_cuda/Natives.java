package dev.chaku.natives.linux_x86_64_cuda;

import dev.chaku.internal.natives.NativeJar;

/** Has the module of this platform's CUDA kernels taken up. */
public final class Natives implements NativeJar {}
