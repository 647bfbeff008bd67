/**
 * Files that are written, by the one rule for all of them, and what goes wrong with files, in words. Also files that
 * more than one run may want: held by one owner alone, and unfinished ones that nobody owns any more.
 */
@NullMarked
package dev.chaku.io;

import org.jspecify.annotations.NullMarked;
