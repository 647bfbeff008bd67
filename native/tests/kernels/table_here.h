// The table of a path, for tests that go over several: what this machine or build lacks is said to be skipped.
#pragma once

#include <string>

#include "kernels/table.h"
#include "test.h"

namespace chaku::test {

// Null where the path cannot run.
inline const KernelTable* table_here(CpuPath path) {
  const KernelTable* table = find_table(path);
  if (table == nullptr)
    skip_part("path " + std::to_string(static_cast<int>(path)) + " is not of this machine or build");
  return table;
}

}  // namespace chaku::test
