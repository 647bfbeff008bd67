#include <algorithm>
#include <cstdio>

#include "base/cgroup.h"
#include "base/cpu_features.h"

namespace chaku {

int64_t available_memory_bytes() noexcept {
  int64_t available = -1;
  if (std::FILE* file = std::fopen("/proc/meminfo", "rb")) {
    char line[256];
    long long kilobytes = 0;
    while (std::fgets(line, sizeof line, file) != nullptr)
      if (std::sscanf(line, "MemAvailable: %lld kB", &kilobytes) == 1) available = kilobytes * 1024;
    std::fclose(file);
  }
  const int64_t limit = cgroup_available_bytes();
  if (limit < 0) return available;
  return available < 0 ? limit : std::min(available, limit);
}

}  // namespace chaku
