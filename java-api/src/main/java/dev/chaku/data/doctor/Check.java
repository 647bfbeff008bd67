package dev.chaku.data.doctor;

import java.util.List;

/** One or several related checks over all samples. Stateless. */
interface Check {
  void run(List<Sample> samples, List<Finding> findings);
}
