// The problems that kernel_bench times: op x shape x format.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/table.h"

namespace chaku::bench {

struct Case {
  std::string op;
  std::string format;  // of the weight, or "F32"
  std::string shape;
  double flops = 0;           // of one run
  double bytes = 0;           // least memory traffic of one run
  bool memory_bound = false;  // which limit the share is taken of
  std::function<void(const KernelTable&, Queue&)> run;
  std::function<void(const KernelTable&, Queue&)> base;  // what `run` is compared to, or none
  // Largest |actual - reference| / (largest |reference| of the part that was checked) after a run.
  std::function<double(Queue&)> error;
};

struct Filter {
  std::string op, format;  // substrings; empty lets all pass
};

// Builds the cases one at a time and hands each to visit: the larger ones take a hundred megabytes.
void for_each_case(const Filter& filter, const std::function<void(Case&)>& visit);

}  // namespace chaku::bench
