/**
 * Chat templates: a sandboxed interpreter for the Jinja that model files carry, and the facade over it.
 *
 * <p>The semantics are those of Python's jinja2 as the field runs it: immutable sandbox, {@code trim_blocks},
 * {@code lstrip_blocks}, loop controls, {@code {% generation %}}, {@code tojson} without HTML escaping,
 * {@code strftime_now} and {@code raise_exception}. A template is untrusted input: it reaches nothing but the values it
 * is given, no reflection is involved, and {@code TemplateLimits} bounds what it may cost.
 *
 * <p>How it is laid out: {@code Lexer} and {@code Parser} turn the source into the immutable tree of {@code Statement}
 * and {@code Expression}; one {@code Rendering} runs it once with {@code StatementRunner} and
 * {@code ExpressionEvaluator}. Values are a closed set: {@code null} (None), {@code Undefined}, {@code Boolean},
 * {@code Long}, {@code BigInteger}, {@code Double}, {@code String} or {@code Text} (a str), {@code List},
 * {@code Tuple}, {@code Map}, {@code DictView}, {@code Range}, {@code OneShot}, {@code Namespace} and {@code Callable};
 * {@code ValueImporter} lets no other in.
 */
@NullMarked
package dev.chaku.text.template;

import org.jspecify.annotations.NullMarked;
