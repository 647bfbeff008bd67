/** Parquet files as data sets: a {@link dev.chaku.data.RecordSource} that is found on the class path. */
@org.jspecify.annotations.NullMarked
package dev.chaku.parquet;
