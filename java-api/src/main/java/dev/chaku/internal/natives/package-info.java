/** What modules with native libraries provide. */
package dev.chaku.internal.natives;
