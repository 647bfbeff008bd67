// Runs a problem on every path of this machine, and checks it against the reference and against itself with other
// numbers of threads.
#pragma once

#include <string>

#include "data.h"
#include "kernels/table.h"
#include "table_here.h"
#include "test.h"
#include "tolerances.h"
#if CHAKU_TEST_EMULATED_DEVICE
#include "cuda/emulated_table.h"
#endif

namespace chaku::test {

using Floats = std::vector<float>;

inline Queue& queue_of(int n_threads) {
  static Queue one(1), two(2), three(3);
  return n_threads == 1 ? one : n_threads == 2 ? two : three;
}

// Those that compute in float32; bf16_test.cpp has the others.
constexpr CpuPath kVectorPaths[] = {CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni};

// The tables that a program holds to the reference: those of this machine, or the emulated CUDA device's.
inline std::vector<const KernelTable*> checked_tables() {
#if CHAKU_TEST_EMULATED_DEVICE
  return {&emulated_float32_table()};
#else
  std::vector<const KernelTable*> tables;
  for (const CpuPath path : kVectorPaths)
    if (const KernelTable* table = table_here(path)) tables.push_back(table);
  return tables;
#endif
}

// And those that are to give the reference's bits: its own too.
inline std::vector<const KernelTable*> tables_of_same_bits() {
  std::vector<const KernelTable*> tables = checked_tables();
  tables.insert(tables.begin(), &reference_table());
  return tables;
}

// run(table, queue) returns the outputs of one problem; every path gets the same inputs.
template <class Run>
void check_paths(const std::string& what, Tolerance tolerance, Run run) {
  const Floats expected = run(reference_table(), queue_of(2));
  for (const KernelTable* table : checked_tables()) {
    const Floats actual = run(*table, queue_of(1));
    const double error = worst_error(actual.data(), expected.data(), static_cast<int64_t>(expected.size()),
                                     tolerance.absolute, tolerance.relative);
    if (!(error <= 1.0) || actual.size() != expected.size())
      report(table->name, 0, what + ": off by " + std::to_string(error) + " x the tolerance");
    for (const int n_threads : {2, 3}) {
      const Floats again = run(*table, queue_of(n_threads));
      if (std::memcmp(again.data(), actual.data(), actual.size() * sizeof(float)) != 0)
        report(table->name, 0, what + ": other bits with " + std::to_string(n_threads) + " threads");
    }
  }
}

// Padding that no kernel may touch holds this.
constexpr float kUntouched = 12345.0f;

}  // namespace chaku::test
