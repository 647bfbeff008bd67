#include "base/cgroup.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace chaku {
namespace {

constexpr char kRoot[] = "/sys/fs/cgroup";

// The first `size - 1` bytes of a file; empty when it cannot be read.
std::string read_text(const std::string& path, size_t size = 8192) {
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
    text.resize(size);
    text.resize(std::fread(text.data(), 1, size, file));
    std::fclose(file);
  }
  return text;
}

// The number a file starts with; -1 for "max", for a missing file and for version 1's "no limit" near 2^63.
int64_t read_number(const std::string& path) {
  const std::string text = read_text(path);
  if (text.empty() || text[0] < '0' || text[0] > '9') return -1;
  const long long value = std::strtoll(text.c_str(), nullptr, 10);
  return value >= int64_t{1} << 60 ? -1 : value;
}

// The value of "key value" in a file of such lines, or 0.
int64_t read_field(const std::string& path, const std::string& key) {
  std::string text = "\n";
  text += read_text(path);
  std::string wanted = "\n";
  wanted += key + " ";
  const size_t at = text.find(wanted);
  return at == std::string::npos ? 0 : std::strtoll(text.c_str() + at + wanted.size(), nullptr, 10);
}

// The group's path for a controller: version 2 lists it as "0::/path", version 1 as "4:memory:/path".
std::string group_path(const std::string& controller) {
  std::string text = "\n";
  text += read_text("/proc/self/cgroup");
  std::string wanted = "\n0::";
  if (!controller.empty()) wanted = std::string(":").append(controller).append(":");
  size_t at = text.find(wanted);
  if (at == std::string::npos) return "";
  at = text.find('/', at);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find('\n', at) - at);
}

// Calls visit(folder) for the group's folder and each one above it, the root included.
template <class Visit>
void for_each_level(const std::string& root, std::string path, Visit visit) {
  while (!path.empty() && path != "/") {
    visit(root + path);
    path.resize(path.find_last_of('/'));
  }
  visit(root);
}

int64_t tighter(int64_t a, int64_t b) { return a < 0 ? b : b < 0 ? a : std::min(a, b); }

}  // namespace

int64_t cgroup_available_bytes() noexcept {
  try {
    int64_t available = -1;
    const auto visit = [&](const std::string& folder, const char* limit_file, const char* used_file,
                           const char* cache_prefix) {
      const int64_t limit = read_number(folder + limit_file), used = read_number(folder + used_file);
      if (limit < 0 || used < 0) return;
      const std::string stat = folder + "/memory.stat", prefix = cache_prefix;
      const int64_t cache = read_field(stat, prefix + "inactive_file") + read_field(stat, prefix + "active_file");
      available = tighter(available, std::max<int64_t>(0, limit - used + std::min(cache, used)));
    };
    for_each_level(kRoot, group_path(""),
                   [&](const std::string& f) { visit(f, "/memory.max", "/memory.current", ""); });
    for_each_level(std::string(kRoot) + "/memory", group_path("memory"), [&](const std::string& f) {
      visit(f, "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_");
    });
    return available;
  } catch (...) {  // out of memory for a path: then the limit is as good as unknown
    return -1;
  }
}

int cgroup_cpu_quota() noexcept {
  try {
    int64_t cores = -1;
    for_each_level(kRoot, group_path(""), [&](const std::string& folder) {
      const std::string text = read_text(folder + "/cpu.max");
      long long quota = 0, period = 0;
      if (std::sscanf(text.c_str(), "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
        cores = tighter(cores, (quota + period - 1) / period);
    });
    return static_cast<int>(std::min<int64_t>(cores, 1 << 20));
  } catch (...) {
    return -1;
  }
}

}  // namespace chaku
