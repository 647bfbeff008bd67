/** Values of Java by their types: the JSON Schema of a type, and the value that JSON says. */
@NullMarked
package dev.chaku.internal.schema;

import org.jspecify.annotations.NullMarked;
