// Predicts what the CUDA kernels reach of two cards' limits: bytes and operations by formula (cuda_costs.h), resident
// warps by what ptxas said (cuda_occupancy.txt). Nothing is measured.
//   cuda_roofline benchmarks/native/cuda_occupancy.txt > benchmarks/native/cuda_roofline.md
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cuda_costs.h"

using namespace chaku;
using namespace chaku::costs;

namespace {

struct Weight {
  const char* model;
  int64_t n, k;
};
constexpr Weight kWeights[] = {{"1B", 8192, 2048}, {"8B", 14336, 4096}};

struct Card {
  const char* name;
  const char* architecture;
  double memory, cache, tensor, lanes;  // bytes, bytes, FLOP and instructions of a thread a second
  double cache_bytes;
  int multiprocessors, warps;  // resident warps of a multiprocessor at most
  double latency;              // seconds of a read of memory
  double mma_share;            // of the tensor cores' rate that mma.sync reaches
};

// Memory, tensor cores and caches are of the vendor's data sheets; the rate of the second-level cache, latencies and
// the share of mma.sync (sm_90 reaches its rate by wgmma alone) are published measurements of others, rounded.
constexpr Card kCards[] = {
    {"RTX 4090", "sm_89", 1008e9, 5000e9, 165e12, 41.3e12, 72e6, 128, 48, 600e-9, 0.95},
    {"H200", "sm_90a", 4800e9, 5500e9, 989e12, 33.5e12, 50e6, 132, 64, 700e-9, 0.62},
};
constexpr double kMemoryShare = 0.92;  // of the data sheet's bandwidth that long reads reach
constexpr double kIssueShare = 0.8;    // of instructions that are issued
constexpr double kBetween = 1e-6;      // seconds between two kernels of a stream

struct Occupancy {
  std::vector<std::pair<std::string, double>> known;

  explicit Occupancy(const char* path) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      const size_t colon = line.find(": "), share = line.find("occupancy ");
      if (colon != std::string::npos && share != std::string::npos)
        known.emplace_back(line.substr(0, colon), std::stod(line.substr(share + 10)) / 100);
    }
  }
  // Of a kernel on an architecture; those that are not listed run in half of the warps.
  double of(const std::string& kernel, const char* architecture) const {
    for (const auto& [name, share] : known)
      if (name == kernel + " " + architecture) return share;
    return 0.5;
  }
};

struct Prediction {
  double seconds = 0;
  double moved = 0;
  const char* bound = "";
};

Prediction predict(const Cost& cost, const Card& card, const Occupancy& occupancy) {
  Prediction p;
  double longest = 0;
  for (const Launch& l : cost.launches) {
    const double block_warps = l.threads / 32.0;
    const double at_once =
        std::max(1.0, std::floor(occupancy.of(l.kernel, card.architecture) * card.warps / block_warps));
    const double places = at_once * card.multiprocessors, blocks = static_cast<double>(l.blocks);
    // The last wave has fewer blocks; with less than one, multiprocessors have fewer blocks, or none.
    const double waves = std::ceil(blocks / places), busy = blocks / (waves * places);
    const double used = std::min(1.0, blocks / card.multiprocessors);
    const double computing =
        waves > 1 ? std::max(busy, blocks / (std::ceil(blocks / card.multiprocessors) * card.multiprocessors))
                  : blocks / (std::ceil(blocks / card.multiprocessors) * card.multiprocessors);
    const double bytes = l.memory_bytes + (l.working_set > card.cache_bytes / 2 ? l.cached_bytes : 0);
    const double in_flight = l.flight_bytes * block_warps * std::min(blocks, places);
    const double memory_rate = std::min(card.memory * kMemoryShare, in_flight / card.latency);
    const double times[] = {bytes / memory_rate, (l.tile_bytes + l.cached_bytes) / (card.cache * used),
                            l.mma * kMmaFlops / (card.tensor * card.mma_share * computing),
                            l.instructions / (card.lanes * kIssueShare * computing),
                            // 128 bytes a cycle, as many as a multiprocessor has lanes
                            l.near_bytes / (card.lanes * kIssueShare * computing)};
    const char* names[] = {in_flight / card.latency < card.memory * kMemoryShare ? "latency" : "memory", "second cache",
                           "tensor cores", "instructions", "first cache"};
    const size_t worst = static_cast<size_t>(std::max_element(times, times + 5) - times);
    p.seconds += times[worst] + kBetween;
    p.moved += bytes;
    if (times[worst] + kBetween > longest) {
      longest = times[worst] + kBetween;
      p.bound = times[worst] < kBetween ? "launch" : names[worst];
    }
  }
  return p;
}

void row(const char* op, const Cost& cost, const Occupancy& occupancy) {
  std::printf("| %s | %.2f | %.2f | %.1f |", op, cost.least_bytes / 1e6, cost.least_flops / 1e9,
              cost.least_flops / cost.least_bytes);
  for (const Card& card : kCards) {
    const double by_memory = cost.least_bytes / card.memory;
    const double by_flops = cost.least_flops / (cost.on_tensor_cores ? card.tensor : 2 * card.lanes);
    const Prediction p = predict(cost, card, occupancy);
    std::printf(" %s %.1f us | %.2f | %.0f %%, %s |", by_memory > by_flops ? "memory" : "compute",
                std::max(by_memory, by_flops) * 1e6, p.moved / cost.least_bytes,
                100 * std::max(by_memory, by_flops) / p.seconds, p.bound);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "expected: cuda_roofline benchmarks/native/cuda_occupancy.txt\n");
    return 2;
  }
  const Occupancy occupancy(argv[1]);
  if (occupancy.known.empty()) {
    std::fprintf(stderr, "expected lines of chaku_cuda_ptxas, got none (%s)\n", argv[1]);
    return 1;
  }
  std::printf("<!-- made by cuda_roofline; see README.md -->\n");
  std::printf("| op | least MB | GFLOP | FLOP/byte |");
  for (const Card& c : kCards) std::printf(" %s: limit | bytes/least | predicted |", c.name);
  std::printf("\n| --- | --- | --- | --- |");
  for ([[maybe_unused]] const Card& c : kCards) std::printf(" --- | --- | --- |");
  std::printf("\n");
  const auto name = [](const char* format, auto... of) {
    char text[128];
    std::snprintf(text, sizeof text, format, of...);
    return std::string(text);
  };
  for (const auto& [model, n, k] : kWeights)
    for (const DType dtype : {DType::kQ4_K, DType::kQ8_0, DType::kF16})
      for (const int m : {1, 8})
        row(name("decode %s, %d text%s, %s [%ld, %ld]", dtype_info(dtype).name, m, m > 1 ? "s" : "", model,
                 static_cast<long>(n), static_cast<long>(k))
                .c_str(),
            matvec(dtype, m, n, k), occupancy);
  for (const auto& [model, n, k] : kWeights)
    for (const DType dtype : {DType::kQ4_K, DType::kF16})
      row(name("prompt of 512, %s, %s [%ld, %ld]", dtype_info(dtype).name, model, static_cast<long>(n),
               static_cast<long>(k))
              .c_str(),
          tensor_product(dtype, 512, n, k, 0, false), occupancy);
  row("LoRA forward of 2048, rank 16, Q4_K, 8B [14336, 4096]",
      tensor_product(DType::kQ4_K, 2048, 14336, 4096, 16, false), occupancy);
  row("LoRA dX of 2048, rank 16, Q4_K, 8B [14336, 4096]", tensor_product(DType::kQ4_K, 2048, 14336, 4096, 16, true),
      occupancy);
  row("attention of 2048, 32 heads of 64 on 8", attention({2048, 32, 8, 64}), occupancy);
  row("attention of 2048, 32 heads of 128 on 8", attention({2048, 32, 8, 128}), occupancy);
  row("its gradients, heads of 64", attention_backward({2048, 32, 8, 64}), occupancy);
  row("its gradients, heads of 128", attention_backward({2048, 32, 8, 128}), occupancy);
  row("paged decode, 1 text of 2048, F16, 8B", paged_attention(1, 2048, 32, 8, 128), occupancy);
  row("paged decode, 16 texts of 2048, F16, 8B", paged_attention(16, 2048, 32, 8, 128), occupancy);
  row("RMS norm [512, 4096]", rms_norm(512, 4096), occupancy);
  row("RMS norm [4096, 4096]", rms_norm(4096, 4096), occupancy);
  row("cross-entropy and gradient [512, 128256]", cross_entropy(512, 128256), occupancy);
  return 0;
}
