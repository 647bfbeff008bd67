/** The doctor of data sets: what is wrong with them, what is in them, and reports of it as text, JSON and a page. */
@NullMarked
package dev.chaku.data.doctor;

import org.jspecify.annotations.NullMarked;
