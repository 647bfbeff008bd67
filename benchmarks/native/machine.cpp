#include "machine.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "base/cpu_features.h"

namespace chaku::bench {
namespace {

// The value of the first line of a file under /proc that begins with key; "unknown" without one.
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "unknown";
}

std::string quoted(const std::string& text) {
  std::ostringstream json;
  json << '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') json << '\\';
    if (static_cast<unsigned char>(c) >= ' ') json << c;
  }
  json << '"';
  return json.str();
}

std::string features_json() {
  const CpuFeatures& f = cpu_features();
  std::ostringstream json;
  const char* separator = "[";
  const auto add = [&](bool has, const char* name) {
    if (!has) return;
    json << separator << '"' << name << '"';
    separator = ",";
  };
  add(f.avx2, "avx2");
  add(f.fma, "fma");
  add(f.f16c, "f16c");
  add(f.avx512, "avx512");
  add(f.avx512_vnni, "avx512_vnni");
  add(f.avx512_bf16, "avx512_bf16");
  add(f.avx_vnni, "avx_vnni");
  add(f.amx_bf16, "amx_bf16");
  add(f.amx_int8, "amx_int8");
  if (*separator == '[') json << separator;
  json << ']';
  return json.str();
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string machine_json(const std::string& commit, const std::string& path, int threads) {
  utsname system{};
  uname(&system);
  std::ostringstream release;
  release << system.sysname << ' ' << system.release << ' ' << system.machine;
  const long long memory_kib = std::atoll(proc_value("/proc/meminfo", "MemTotal").c_str());
  std::ostringstream json;
  json << "{\"measure\":\"machine\",\"commit\":" << quoted(commit) << ",\"date\":" << quoted(utc_now())
       << ",\"os\":" << quoted(release.str()) << ",\"compiler\":" << quoted(__VERSION__)
       << ",\"cpu\":" << quoted(proc_value("/proc/cpuinfo", "model name")) << ",\"cores\":" << usable_cores()
       << ",\"threads\":" << threads << ",\"cpu_path\":" << quoted(path) << ",\"features\":" << features_json()
       << ",\"memory_bytes\":" << memory_kib * 1024 << '}';
  return json.str();
}

}  // namespace chaku::bench
