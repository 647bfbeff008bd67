package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;

/**
 * What the doctor found: the worst first.
 *
 * @param findings none for a data set without a defect that the doctor knows
 * @param stats what is in the data
 */
public record DataReport(List<Finding> findings, DataStats stats) {
  public DataReport {
    findings = List.copyOf(findings);
  }

  /** How many findings are of this severity. */
  public int count(Severity severity) {
    return (int) findings.stream().filter(finding -> finding.severity() == severity).count();
  }
}
