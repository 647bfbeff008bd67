package dev.chaku.natives.linux_x86_64;

import dev.chaku.internal.natives.NativeJar;

/** Has the module of this platform's library taken up. */
public final class Natives implements NativeJar {}
