// The limits that a Linux control group puts on this process (version 2, and version 1's memory controller).
#pragma once

#include <cstdint>

namespace chaku {

// Bytes still free under the tightest memory limit above this process, page cache counted as free; -1 without a limit.
int64_t cgroup_available_bytes() noexcept;

// Cores' worth of time granted by the tightest CPU quota, rounded up; -1 without a quota.
int cgroup_cpu_quota() noexcept;

}  // namespace chaku
