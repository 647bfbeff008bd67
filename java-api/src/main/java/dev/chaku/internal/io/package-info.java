/**
 * The one way to touch the machine: write whole folders, hold files among processes, keep what does not fit into memory
 * on disk, tell what the disk says, hash, parse JSON, read the memory of the process, buffers outside the Java heap,
 * names of files as the system calls take them, and interrupts. Above errors alone; the exported face for whole files
 * and faults is dev.chaku.io.
 */
@NullMarked
package dev.chaku.internal.io;

import org.jspecify.annotations.NullMarked;
