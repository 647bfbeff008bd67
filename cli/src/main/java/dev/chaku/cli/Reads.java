package dev.chaku.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks an option or parameter that names files or folders which a verb reads, so that {@link Outputs} lets no output
 * replace them. The value may be a path, a text with a path in front of {@code =}, or a list of these.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface Reads {}
