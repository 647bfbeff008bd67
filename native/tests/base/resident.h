// Memory of this process that lies in RAM.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "test.h"

namespace chaku::test {

inline int64_t resident_bytes() {
  long long all = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "rb");
  if (file == nullptr) skip("no /proc");
  const int found = std::fscanf(file, "%lld %lld", &all, &resident);
  std::fclose(file);
  if (found != 2) skip("no /proc/self/statm");
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace chaku::test
