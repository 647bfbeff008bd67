/** Folders of adapter versions: how their files are named, written whole, hashed and compared. */
@NullMarked
package dev.chaku.internal.registry;

import org.jspecify.annotations.NullMarked;
