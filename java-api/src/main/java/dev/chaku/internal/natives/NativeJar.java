package dev.chaku.internal.natives;

/**
 * Is provided by the modules that hold a platform's native library, and by nothing else: a service makes the module
 * system take up a module that nobody requires, so that the jar beside Chaku's on the module path is enough.
 */
public interface NativeJar {}
