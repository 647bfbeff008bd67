// Times every kernel: op x shape x format x path, with GFLOP/s, GB/s and the share of the limit that this program
// measured itself, each result checked against the reference. With --json the machine is one line, and each case.
//
//   kernel_bench [--op PART] [--format PART] [--path avx2|avx512|avx512vnni|avx512bf16|amx|all] [--threads N]
//                [--cpu-time] [--json] [--commit ID]
// --cpu-time measures one thread by its processor time, for machines that do other work too.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/cpu_features.h"
#include "base/error.h"
#include "cases.h"
#include "limits.h"
#include "machine.h"

namespace chaku::bench {
namespace {

struct Options {
  Filter filter;
  CpuPath path = CpuPath::kAuto;
  bool all_paths = false;
  int threads = usable_cores();
  bool json = false, cpu_time = false;
  std::string commit = "unknown";  // what is measured, for the record
};

struct Limits {
  double gflops, gbps;
};

CpuPath parse_path(const char* name) {
  for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni,
                             CpuPath::kAvx512Bf16, CpuPath::kAmx})
    if (const KernelTable* table = find_table(path); table != nullptr && std::strcmp(table->name, name) == 0)
      return path;
  std::fprintf(stderr, "kernel_bench: expected a path of this machine, got %s\n", name);
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* flag) { return std::strcmp(argv[i], flag) == 0; };
    const auto value = [&] {
      if (i + 1 < argc) return argv[++i];
      std::fprintf(stderr, "kernel_bench: expected a value after %s\n", argv[i]);
      std::exit(2);
    };
    if (is("--op"))
      o.filter.op = value();
    else if (is("--format"))
      o.filter.format = value();
    else if (is("--threads"))
      o.threads = std::max(1, std::atoi(value()));
    else if (is("--json"))
      o.json = true;
    else if (is("--commit"))
      o.commit = value();
    else if (is("--cpu-time"))
      o.cpu_time = true;
    else if (is("--path")) {
      const char* name = value();
      o.all_paths = std::strcmp(name, "all") == 0;
      if (!o.all_paths) o.path = parse_path(name);
    } else {
      std::fprintf(stderr, "kernel_bench: unknown option %s\n", argv[i]);
      std::exit(2);
    }
  }
  if (o.cpu_time) {
    o.threads = 1;
    use_cpu_time();
  }
  return o;
}

struct Timing {
  double median, best;
  double of_base = 0;  // the median of the run's time over that of its base before it; 0 without
};

// At least seven runs and a tenth of a second, after one to warm up; the base in turn with them.
Timing time_case(const Case& c, const KernelTable& table, Queue& queue) {
  const auto seconds_of = [&](const auto& body) {
    const double before = seconds_now();
    body(table, queue);
    return seconds_now() - before;
  };
  c.run(table, queue);
  std::vector<double> times, ratios;
  const double start = seconds_now();
  while (times.size() < 7 || (seconds_now() - start < 0.1 && times.size() < 1000)) {
    const double base = c.base ? seconds_of(c.base) : 0;
    times.push_back(seconds_of(c.run));
    if (c.base) ratios.push_back(times.back() / base);
  }
  std::sort(times.begin(), times.end());
  std::sort(ratios.begin(), ratios.end());
  return {times[times.size() / 2], times[0], ratios.empty() ? 0 : ratios[ratios.size() / 2]};
}

void print(const Case& c, const KernelTable& table, const Options& o, Timing t, Limits limits, double error) {
  const double gflops = c.flops / t.median / 1e9, gbps = c.bytes / t.median / 1e9;
  const double limit = c.memory_bound ? limits.gbps : limits.gflops;
  const double share = limit > 0 ? (c.memory_bound ? gbps : gflops) / limit : 0;
  char of_base[40] = "";
  if (t.of_base > 0) std::snprintf(of_base, sizeof of_base, o.json ? ",\"of_base\":%.3f" : "  %.3f x base", t.of_base);
  if (o.json)
    std::printf(
        "{\"op\":\"%s\",\"format\":\"%s\",\"shape\":\"%s\",\"path\":\"%s\",\"threads\":%d,\"median_ms\":%.4f,"
        "\"best_ms\":%.4f,\"gflops\":%.1f,\"gbps\":%.2f,\"limit\":\"%s\",\"share\":%.3f,\"error\":%.1e%s}\n",
        c.op.c_str(), c.format.c_str(), c.shape.c_str(), table.name, o.threads, t.median * 1e3, t.best * 1e3, gflops,
        gbps, c.memory_bound ? "read" : "fma", share, error, of_base);
  else
    std::printf("%-18s %-6s %-26s %-10s %9.3f ms (best %9.3f) %8.1f GFLOP/s %7.2f GB/s %4.0f %% of %s  error %.0e%s\n",
                c.op.c_str(), c.format.c_str(), c.shape.c_str(), table.name, t.median * 1e3, t.best * 1e3, gflops, gbps,
                100 * share, c.memory_bound ? "read" : "fma ", error, of_base);
  std::fflush(stdout);
}

int run(const Options& o) {
  const auto worst = [](const KernelTable& t) { return rounds_to_bf16(t.path) ? 1e-2 : 1e-4; };
  Queue queue(o.threads);
  std::vector<const KernelTable*> tables;
  std::vector<Limits> limits;
  if (o.json) std::printf("%s\n", machine_json(o.commit, select_table(CpuPath::kAuto).name, o.threads).c_str());
  const double gbps = measure_read_gbps(queue);
  const auto add = [&](CpuPath path) {
    const KernelTable& table = o.all_paths ? *find_table(path) : select_table(path);
    tables.push_back(&table);
    limits.push_back({measure_fma_gflops(table.path, queue), gbps});
    std::printf(o.json ? "{\"limits\":\"%s\",\"threads\":%d,\"fma_gflops\":%.1f,\"read_gbps\":%.2f}\n"
                       : "%s, %d threads: %.0f GFLOP/s in registers, %.1f GB/s read\n",
                table.name, o.threads, limits.back().gflops, gbps);
  };
  if (!o.all_paths) add(o.path);
  for (const CpuPath path :
       {CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni, CpuPath::kAvx512Bf16, CpuPath::kAmx})
    if (o.all_paths && find_table(path) != nullptr) add(path);
  int wrong = 0;
  for_each_case(o.filter, [&](Case& c) {
    for (size_t i = 0; i < tables.size(); ++i) {
      const Timing t = time_case(c, *tables[i], queue);
      const double error = c.error(queue);
      wrong += !(error <= worst(*tables[i]));
      print(c, *tables[i], o, t, limits[i], error);
    }
  });
  if (wrong > 0) std::fprintf(stderr, "kernel_bench: %d results differ from the reference\n", wrong);
  return wrong > 0 ? 1 : 0;
}

}  // namespace
}  // namespace chaku::bench

int main(int argc, char** argv) {
  try {
    return chaku::bench::run(chaku::bench::parse(argc, argv));
  } catch (const chaku::Error& e) {
    std::fprintf(stderr, "kernel_bench: %s\n", e.what());
    return 2;
  }
}
