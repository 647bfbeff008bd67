// What merging adapters does to a weight's rows (kernels/change_rows.h): an element a thread, or a sixteenth of a row;
// rounding along directions, whose columns follow one another, a row a thread. The bits of the CPU.
#include <algorithm>

#include "kernels/change_rows.h"
#include "kernels/cuda/code_grids.cuh"
#include "kernels/cuda/decode.cuh"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/encode.cuh"
#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/ops.h"

namespace chaku::cuda {
namespace {

struct AddLowRank {
  AddLowRankProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t m = i / p.k, k = i % p.k;
    double sum = p.x[i];
    for (int64_t r = 0; r < p.rank; ++r) sum += p.c[m * p.rank + r] * static_cast<double>(p.d[r * p.k + k]);
    p.y[i] = static_cast<float>(sum);
  }
};

constexpr int kParts = 16;

// Parts of a row, one a thread; part 0 adds them up.
struct CompareParts {
  CompareChangeProblem p;
  int64_t first;
  const float* written;  // of rows `first` on
  ChangeSums* parts;     // [M,16] and, with weights, as many again
  int64_t m;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t row = first + i / kParts;
    ChangeSums plain{0, 0, 0}, weighted{0, 0, 0};
    for (int64_t k = i % kParts; k < p.k; k += kParts) {
      const float base = p.base[row * p.k + k];
      const double d = p.wanted[row * p.k + k] - base, w = written[i / kParts * p.k + k] - base;
      add(plain, 1, d, w);
      if (p.weights != nullptr) add(weighted, p.weights[k], d, w);
    }
    parts[i] = plain;
    if (p.weights != nullptr) parts[m * kParts + i] = weighted;
  }
  CHAKU_DEVICE static void add(ChangeSums& sums, double weight, double d, double w) {
    sums.wanted += weight * d * d;
    sums.common += weight * d * w;
    sums.lost += weight * (w - d) * (w - d);
  }
};

struct CompareRows {
  const ChangeSums* parts;
  ChangeSums* sums;
  CHAKU_DEVICE void operator()(int64_t row) const {
    ChangeSums all{0, 0, 0};
    for (int i = 0; i < kParts; ++i) {
      const ChangeSums& part = parts[row * kParts + i];
      all.wanted += part.wanted;
      all.common += part.common;
      all.lost += part.lost;
    }
    sums[row] = all;
  }
};

}  // namespace

void add_low_rank(const AddLowRankProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.k, AddLowRank{p}); }

void compare_change(const CompareChangeProblem& p, Queue& queue) noexcept {
  CudaQueue& q = cuda_queue(queue);
  Scratch scratch(queue);
  constexpr int64_t kPartBytes = 2 * kParts * int64_t{sizeof(ChangeSums)};
  const int64_t fits = scratch.rows(p.k * int64_t{sizeof(float)} + kPartBytes, p.m);
  if (fits == 0 && p.m > 0) return q.note("compare_change: a row exceeds the scratch memory");
  ChangeSums* parts = scratch.take<ChangeSums>(2 * kParts * fits);
  float* written = scratch.take<float>(fits * p.k);
  const Matrix w{p.written, p.dtype, p.m, p.k};
  for (int64_t first = 0; first < p.m; first += fits) {
    const int64_t m = std::min(fits, p.m - first);
    decode_to({w, first, m, nullptr, 1.0f, p.k}, written, queue);
    for_each_long(queue, m * kParts, CompareParts{p, first, written, parts, m});
    for_each_long(queue, m, CompareRows{parts, p.sums + first});
    if (p.weights != nullptr) for_each_long(queue, m, CompareRows{parts + m * kParts, p.weighted + first});
  }
}

// ---- rounding along directions --------------------------------------------------------------------------------------

namespace {

constexpr float kLeastStep = 1e-30f;    // the inverse of a smaller one may be infinite
constexpr int64_t kErrorColumns = 256;  // squares of so many errors are added in float32

// Rows of a part, and what is known of each.
struct Part {
  RoundAlongProblem p;                            // of these rows
  float* sums;                                    // [R,M]
  double *errors, *chosen_errors, *plain_errors;  // [M]
  bool* wanted;                                   // [M]: rows whose base's scales do not reach
  uint8_t* plain;                                 // [M] rows of blocks
};

// Adds up the measure, column after column; a thread's sums lie a row apart.
struct Measure {
  const RoundAlongProblem& p;
  float* sums;
  float squares = 0;
  double total = 0;

  CHAKU_DEVICE Measure(const Part& part, int64_t row) : p(part.p), sums(part.sums + row) {
    for (int64_t r = 0; r < p.rank; ++r) sums[r * p.m] = 0;
  }
  CHAKU_DEVICE float back(int64_t k) const {
    float back = 0;
    for (int64_t r = 0; r < p.rank; ++r) back = fmaf(-p.u[k * p.rank + r], sums[r * p.m], back);
    return back;
  }
  CHAKU_DEVICE void add(int64_t k, float e) {
    if (k % kErrorColumns == 0) flush();
    squares = fmaf(e, e, squares);
    for (int64_t r = 0; r < p.rank; ++r) sums[r * p.m] = fmaf(p.v[k * p.rank + r], e, sums[r * p.m]);
  }
  CHAKU_DEVICE void flush() {
    total += squares;
    squares = 0;
  }
  CHAKU_DEVICE double measured() {
    flush();
    for (int64_t r = 0; r < p.rank; ++r) total += static_cast<double>(sums[r * p.m]) * sums[r * p.m];
    return total;
  }
};

struct Rounded {
  double error;
  float beyond;
};

// Codes of a row in the scales of `blocks`, which are copied to y where that is another place.
template <class GridOf>
CHAKU_DEVICE Rounded choose_codes(const Part& part, int64_t row, const typename GridOf::Block* blocks,
                                  typename GridOf::Block* y) {
  const float* x = part.p.x + row * part.p.k;
  Measure measure(part, row);
  float beyond = 0;
  for (int64_t at = 0; at < part.p.k; at += GridOf::kElements, ++blocks, ++y) {
    float steps[16], offsets[16] = {};
    uint8_t codes[GridOf::kElements];
    scales_of(*blocks, steps, offsets);
    for (int i = 0; i < GridOf::kElements; ++i) {
      const float step = steps[i / GridOf::kGroupElements], offset = offsets[i / GridOf::kGroupElements];
      const float inverse = fabsf(step) >= kLeastStep ? 1 / step : 0.0f, value = x[at + i];
      const float least = GridOf::level(0), most = GridOf::level(GridOf::kHighest - GridOf::kLowest);
      const float wanted = (value + measure.back(at + i) - offset) * inverse;
      const float inside = std::min(std::max(wanted, least), most);
      const int code = GridOf::nearest(inside);
      codes[i] = GridOf::stored(code);
      beyond = std::max(beyond, fabsf(wanted - inside));
      measure.add(at + i, step * GridOf::level(code) + offset - value);
    }
    *y = *blocks;
    pack_codes(codes, *y);
  }
  return {measure.measured(), beyond};
}

// What is known of a row where there is no base.
struct Unknown {
  Part part;
  CHAKU_DEVICE void operator()(int64_t row) const {
    part.errors[row] = __builtin_huge_val();
    part.wanted[row] = true;
  }
};

// Codes of rows in given scales, written to y; of all rows, whose errors become known, or of the wanted ones.
template <class GridOf>
struct Choose {
  Part part;
  const typename GridOf::Block* scales;
  typename GridOf::Block* y;
  double* errors;
  bool all;
  CHAKU_DEVICE void operator()(int64_t row) const {
    if (!all && !part.wanted[row]) return;
    const int64_t at = row * (part.p.k / GridOf::kElements);
    const Rounded rounded = choose_codes<GridOf>(part, row, scales + at, y + at);
    errors[row] = rounded.error;
    if (all) part.wanted[row] = !(rounded.beyond < 0.5f);
  }
};

// The search's own blocks by the measure.
template <DType kType>
struct MeasurePlain {
  Part part;
  CHAKU_DEVICE void operator()(int64_t row) const {
    if (!part.wanted[row]) return;
    const float* x = part.p.x + row * part.p.k;
    const uint8_t* plain = part.plain + row * (part.p.k / Format<kType>::kElements * Format<kType>::kBytes);
    Measure measure(part, row);
    for (int64_t group = 0; group * kGroup < part.p.k; ++group) {
      float values[kGroup];
      decode_group<kType, true>(plain, group, part.p.k, values);
      for (int j = 0; j < kGroup; ++j) measure.add(group * kGroup + j, values[j] - x[group * kGroup + j]);
    }
    part.plain_errors[row] = measure.measured();
  }
};

// Whatever errs least is kept; of equal ones what is there.
struct KeepLeast {
  Part part;
  const uint8_t* chosen;
  int64_t row_bytes;
  bool few;
  CHAKU_DEVICE void operator()(int64_t row) const {
    if (!part.wanted[row]) return;
    const uint8_t* from = nullptr;
    double best = part.errors[row];
    if (part.chosen_errors[row] < best) {
      best = part.chosen_errors[row];
      from = chosen;
    }
    if (few && part.plain_errors[row] < best) from = part.plain;
    if (from == nullptr) return;
    uint8_t* y = static_cast<uint8_t*>(part.p.y);
    for (int64_t i = row * row_bytes; i < (row + 1) * row_bytes; ++i) y[i] = from[i];
  }
};

}  // namespace

void round_along(const RoundAlongProblem& p, Queue& queue) noexcept {
  CudaQueue& q = cuda_queue(queue);
  Scratch scratch(queue);
  const ColumnWeights weights(p.importance, p.k, scratch, queue);
  const int64_t n_bytes = row_bytes(p.dtype, p.k);
  const int64_t row_floats = p.k + p.rank;
  const int64_t fits = scratch.rows(row_floats * int64_t{sizeof(float)} + 2 * n_bytes + 25, p.m);
  if (fits == 0 && p.m > 0) return q.note("round_along: a row exceeds the scratch memory");
  Part part{p,
            scratch.take<float>(fits * p.rank),
            scratch.take<double>(fits),
            scratch.take<double>(fits),
            scratch.take<double>(fits),
            scratch.take<bool>(fits),
            scratch.take<uint8_t>(fits * n_bytes)};
  uint8_t* chosen = scratch.take<uint8_t>(fits * n_bytes);
  float* x = scratch.take<float>(fits * p.k);
  const bool few = p.rank < kFewDirections;
  const Effort effort = few ? Effort::kFull : Effort::kQuick;
  for (int64_t first = 0; first < p.m; first += fits) {
    part.p.m = std::min(fits, p.m - first);
    part.p.x = p.x + first * p.k;
    part.p.y = static_cast<uint8_t*>(p.y) + first * n_bytes;
    if (p.base != nullptr) part.p.base = static_cast<const uint8_t*>(p.base) + first * n_bytes;
    const bool known = for_grid(p.dtype, [&]<DType kType, class GridOf>() {
      using Block = typename GridOf::Block;
      if (p.base != nullptr)
        for_each_long(queue, part.p.m,
                      Choose<GridOf>{part, static_cast<const Block*>(part.p.base), static_cast<Block*>(part.p.y),
                                     part.errors, true});
      else
        for_each_long(queue, part.p.m, Unknown{part});
      prepare_rows(part.p.x, x, part.p.m * p.k, queue);
      search_rows({x, weights, part.p.m, p.k, p.dtype, effort, nullptr, part.wanted, part.plain}, queue);
      for_each_long(queue, part.p.m,
                    Choose<GridOf>{part, reinterpret_cast<const Block*>(part.plain), reinterpret_cast<Block*>(chosen),
                                   part.chosen_errors, false});
      if (few) for_each_long(queue, part.p.m, MeasurePlain<kType>{part});
    });
    if (!known) return q.note("round_along: expected a format with levels");
    for_each_long(queue, part.p.m, KeepLeast{part, chosen, n_bytes, few});
  }
}

}  // namespace chaku::cuda
