/**
 * Files that are written by one rule, whole or not at all, and what goes wrong with files, in words: for programs over
 * the library that write files of their own beside its.
 */
@NullMarked
package dev.chaku.io;

import org.jspecify.annotations.NullMarked;
