/**
 * The only way to the native core: loading it, and one typed class per kind of handle. Nothing outside this package
 * sees the generated binding. Wrappers check what must hold for a call to be safe; the core checks the rest.
 */
@NullMarked
package dev.chaku.internal;

import org.jspecify.annotations.NullMarked;
