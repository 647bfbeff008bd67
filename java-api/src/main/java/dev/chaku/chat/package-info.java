/** Conversations: messages, tools and their calls, and what an answer is made of. */
@NullMarked
package dev.chaku.chat;

import org.jspecify.annotations.NullMarked;
