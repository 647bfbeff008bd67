#include "kernels/change_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/reference/reference.h"
#include "quant/code_grid.h"
#include "quant/codec.h"
#include "quant/quick_codec.h"

namespace chaku::reference {
namespace {

constexpr float kLeastStep = 1e-30f;    // the inverse of a smaller one may be infinite
constexpr int64_t kErrorColumns = 256;  // squares of so many errors are added in float32
constexpr int kParts = 16;

// The index of the level nearest to v; of two as near the even one, or in a table the lower.
int nearest_code(const CodeGrid& grid, float v) noexcept {
  if (grid.table == nullptr) return static_cast<int>(std::nearbyint(v)) - grid.lowest;
  int code = 0;
  for (int i = 0; i + 1 < CodeGrid::kTableLevels; ++i) code += v > (grid.table[i] + grid.table[i + 1]) * 0.5f;
  return code;
}

float level_of(const CodeGrid& grid, int code) noexcept {
  return grid.table == nullptr ? static_cast<float>(code + grid.lowest) : grid.table[code];
}

// The measure of a row, and how far an aim lay beyond the levels, in steps.
struct Rounded {
  double error = 0;
  float beyond = 0;
};

// Adds up the measure, column after column.
class Measure {
 public:
  explicit Measure(const RoundAlongProblem& p) : p_(p), sums_(static_cast<size_t>(p.rank), 0.0f) {}

  // What is added to column k's value before it is rounded.
  float back(int64_t k) const noexcept {
    float back = 0;
    for (int64_t r = 0; r < p_.rank; ++r) back = std::fma(-p_.u[k * p_.rank + r], sums_[static_cast<size_t>(r)], back);
    return back;
  }

  void add(int64_t k, float e) noexcept {
    if (k % kErrorColumns == 0) flush();
    squares_ = std::fma(e, e, squares_);
    for (int64_t r = 0; r < p_.rank; ++r) {
      float& sum = sums_[static_cast<size_t>(r)];
      sum = std::fma(p_.v[k * p_.rank + r], e, sum);
    }
  }

  double total() noexcept {
    flush();
    double total = total_;
    for (const float s : sums_) total += double{s} * s;
    return total;
  }

 private:
  void flush() noexcept {
    total_ += squares_;
    squares_ = 0;
  }

  const RoundAlongProblem& p_;
  std::vector<float> sums_;
  float squares_ = 0;
  double total_ = 0;
};

// Codes of a row in the scales of `blocks`, which are copied to y.
Rounded choose_codes(const RoundAlongProblem& p, const CodeGrid& grid, const float* x, const std::byte* blocks,
                     std::byte* y) {
  const int64_t block_bytes = dtype_info(p.dtype).block_bytes;
  Measure measure(p);
  Rounded rounded;
  std::memcpy(y, blocks, static_cast<size_t>(row_bytes(p.dtype, p.k)));
  for (int64_t at = 0; at < p.k; at += grid.block_elements) {
    std::byte* block = y + at / grid.block_elements * block_bytes;
    float steps[CodeGrid::kMaxGroups], offsets[CodeGrid::kMaxGroups];
    uint8_t codes[256];
    grid.read_scales(block, steps, offsets);
    for (int i = 0; i < grid.block_elements; ++i) {
      const int64_t k = at + i;
      const float step = steps[i / grid.group], offset = offsets[i / grid.group];
      const float inverse = std::fabs(step) >= kLeastStep ? 1 / step : 0.0f;
      const float least = level_of(grid, 0), most = level_of(grid, grid.highest - grid.lowest);
      const float wanted = (x[k] + measure.back(k) - offset) * inverse;
      const float inside = std::min(std::max(wanted, least), most);
      const int code = nearest_code(grid, inside);
      codes[i] = static_cast<uint8_t>(code);
      rounded.beyond = std::max(rounded.beyond, std::fabs(wanted - inside));
      measure.add(k, step * level_of(grid, code) + offset - x[k]);
    }
    grid.write_codes(codes, block);
  }
  rounded.error = measure.total();
  return rounded;
}

double measure_blocks(const RoundAlongProblem& p, const float* x, const std::byte* blocks) {
  std::vector<float> values(static_cast<size_t>(p.k));
  dequantize(p.dtype, blocks, values.data(), p.k);
  Measure measure(p);
  for (int64_t k = 0; k < p.k; ++k) measure.add(k, values[static_cast<size_t>(k)] - x[k]);
  return measure.total();
}

void round_row(const RoundAlongProblem& p, const CodeGrid& grid, int64_t row) {
  const size_t n_bytes = static_cast<size_t>(row_bytes(p.dtype, p.k));
  const float* x = p.x + row * p.k;
  std::byte* y = static_cast<std::byte*>(p.y) + static_cast<size_t>(row) * n_bytes;
  Rounded best{HUGE_VAL, 1};
  if (p.base != nullptr)
    best = choose_codes(p, grid, x, static_cast<const std::byte*>(p.base) + static_cast<size_t>(row) * n_bytes, y);
  if (best.beyond < 0.5f) return;
  const bool few = p.rank < kFewDirections;
  std::vector<std::byte> plain(n_bytes), chosen(n_bytes);
  (few ? quantize : quantize_quickly)(p.dtype, x, plain.data(), p.k, p.importance);
  const double error = choose_codes(p, grid, x, plain.data(), chosen.data()).error;
  if (error < best.error) {
    best.error = error;
    std::memcpy(y, chosen.data(), n_bytes);
  }
  if (few && measure_blocks(p, x, plain.data()) < best.error) std::memcpy(y, plain.data(), n_bytes);
}

ChangeSums compare_row(const CompareChangeProblem& p, int64_t row, const float* written,
                       const float* weights) noexcept {
  double wanted[kParts] = {}, common[kParts] = {}, lost[kParts] = {};
  for (int64_t k = 0; k < p.k; ++k) {
    const float base = p.base[row * p.k + k];
    const double weight = weights == nullptr ? 1 : weights[k];
    const double d = p.wanted[row * p.k + k] - base, w = written[k] - base;
    wanted[k % kParts] += weight * d * d;
    common[k % kParts] += weight * d * w;
    lost[k % kParts] += weight * (w - d) * (w - d);
  }
  ChangeSums sums{};
  for (int i = 0; i < kParts; ++i) {
    sums.wanted += wanted[i];
    sums.common += common[i];
    sums.lost += lost[i];
  }
  return sums;
}

}  // namespace

void add_low_rank(const AddLowRankProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      for (int64_t k = 0; k < p.k; ++k) {
        double sum = p.x[m * p.k + k];
        for (int64_t r = 0; r < p.rank; ++r) sum += p.c[m * p.rank + r] * double{p.d[r * p.k + k]};
        p.y[m * p.k + k] = static_cast<float>(sum);
      }
  });
}

void round_along(const RoundAlongProblem& p, Queue& queue) noexcept {
  const CodeGrid& grid = *find_code_grid(p.dtype);
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) round_row(p, grid, m);
  });
}

void compare_change(const CompareChangeProblem& p, Queue& queue) noexcept {
  const int64_t n_bytes = row_bytes(p.dtype, p.k);
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int) {
    std::vector<float> written(static_cast<size_t>(p.k));
    for (int64_t m = begin; m < end; ++m) {
      dequantize(p.dtype, static_cast<const std::byte*>(p.written) + m * n_bytes, written.data(), p.k);
      p.sums[m] = compare_row(p, m, written.data(), nullptr);
      if (p.weights != nullptr) p.weighted[m] = compare_row(p, m, written.data(), p.weights);
    }
  });
}

}  // namespace chaku::reference
