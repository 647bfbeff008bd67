package dev.chaku.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks an option or parameter that names what a verb writes; {@link Outputs} holds it to the rule. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface Writes {
    /** What is written. */
    enum Kind {
        /** A file, new unless {@code --overwrite} is given. */
        FILE,
        /** A file of results, to which a line is added. */
        ADDED_TO,
        /** A folder, made if absent; whether it may hold something is for the verb to say. */
        FOLDER,
        /** The beginning of the names of several files, which the verb itself tells: {@link Verb#alsoWritten}. */
        PREFIX
    }

    Kind value() default Kind.FILE;
}
