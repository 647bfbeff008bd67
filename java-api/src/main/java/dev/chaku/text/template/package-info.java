/**
 * Chat templates: an interpreter of the Jinja language as chat models use it, without reflection and with limits on steps,
 * depth and output. Semantics are those of Python's jinja2 in a sandbox, with trim_blocks and lstrip_blocks.
 */
@org.jspecify.annotations.NullMarked
package dev.chaku.text.template;
