/**
 * Answers of a given form: grammars, regular expressions and JSON Schemas become automata over bytes, and those the set
 * of tokens that may come next.
 */
@NullMarked
package dev.chaku.internal.generate.grammar;

import org.jspecify.annotations.NullMarked;
