package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the doctor found: the worst first.
 *
 * @param findings none for a data set without a defect that the doctor knows
 * @param stats what is in the data
 * @param estimate what training on them would take, or null if nobody asked
 */
public record DataReport(
        List<Finding> findings, DataStats stats, @Nullable TrainingEstimate estimate) {
    public DataReport {
        findings = List.copyOf(findings);
    }

    /** A report without an estimate. */
    public DataReport(List<Finding> findings, DataStats stats) {
        this(findings, stats, null);
    }

    /** The same report with an estimate. */
    public DataReport withEstimate(TrainingEstimate newEstimate) {
        return new DataReport(findings, stats, newEstimate);
    }

    /** How many findings are of this severity. */
    public int count(Severity severity) {
        return (int) findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }
}
