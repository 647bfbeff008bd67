/** How templates of a family have models write calls of tools and thoughts, and how what they write is read. */
@NullMarked
package dev.chaku.internal.chat;

import org.jspecify.annotations.NullMarked;
