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

    /**
     * A report without an estimate.
     *
     * @param findings the worst first
     * @param stats the measures of a data set
     */
    public DataReport(List<Finding> findings, DataStats stats) {
        this(findings, stats, null);
    }

    /**
     * The same report with an estimate.
     *
     * @param newEstimate of a training on the data
     * @return the copy
     */
    public DataReport withEstimate(TrainingEstimate newEstimate) {
        return new DataReport(findings, stats, newEstimate);
    }

    /**
     * {@return how many findings are of this severity}
     *
     * @param severity how grave
     */
    public int count(Severity severity) {
        return (int) findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }
}
