package dev.chaku.data.doctor;

import java.util.List;

/**
 * One or several related checks: it sees every example once, in order, and tells what it found at the end. It keeps a
 * bounded amount per example at most, so that large data sets can be examined. Not thread-safe; good for one data set.
 */
interface Check {
    void see(Sample sample);

    /** Adds what was found. */
    void tell(List<Finding> findings);
}
