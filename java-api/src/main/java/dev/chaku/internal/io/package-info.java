/** Buffers, names of files and interrupts: what every room of the library needs of the system. */
@NullMarked
package dev.chaku.internal.io;

import org.jspecify.annotations.NullMarked;
