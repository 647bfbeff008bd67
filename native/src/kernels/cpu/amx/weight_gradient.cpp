// dw += scale dyT x on tiles. One operand is streamed: it decodes as a float32 weight would, and its columns are those
// of the product. The other's columns are the rows of the product, packed beforehand. The streamed one is x, or dy
// where that is the wider by far (the gradient of a low-rank B): what is summed then is dwT, and transposed as it is
// added. Gradients that stream the same x are one product, whose rows are stacked.
#define CHAKU_ISA amx
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

namespace {

constexpr int64_t kNarrow = 96;  // columns of x whose gradients are made transposed

bool is_transposed(const WeightGradientProblem& p) { return p.k <= kNarrow && p.k < p.n; }

bool same_x(const WeightGradientProblem& a, const WeightGradientProblem& b) {
  return a.x == b.x && a.x_stride == b.x_stride && a.k == b.k && a.m == b.m;
}

WeightDepth streamed(const float* from, int64_t stride, int64_t m) {
  const Rows rows = {
      reinterpret_cast<const uint8_t*>(from), m, stride * 4, 1, 4, DType::kF32, find_decoder(DType::kF32)};
  return {rows, find_round_range(DType::kF32)};
}

void run_transposed(const WeightGradientProblem& p, Queue& queue) {
  Product product = {p.k, p.m, p.n, 1, p.dw, p.k, p.scale, nullptr, true};
  product.transposed = true;
  const Job<WeightDepth> job = {product, streamed(p.dy, p.dy_stride, p.m)};
  run_products(&job, 1, ColumnsInPlace{p.x, p.x_stride}, queue);
}

void run_stacked(const WeightGradientProblem* problems, int64_t n, Queue& queue) {
  StackedColumns::Part parts[kMostTogether];
  Segment segments[kMostTogether];
  int64_t rows = 0;
  for (int64_t i = 0; i < n; ++i) {
    const WeightGradientProblem& p = problems[i];
    parts[i] = {{p.dy, p.dy_stride}, rows, p.n};
    segments[i] = {rows, p.n, p.dw, p.scale};
    rows += i + 1 < n ? round_up(p.n, kTileSide) : p.n;
  }
  const WeightGradientProblem& first = *problems;
  Product product = {rows, first.m, first.k, 1, nullptr, first.k, 0.0f, nullptr, true};
  product.segments = segments;
  const Job<WeightDepth> job = {product, streamed(first.x, first.x_stride, first.m)};
  run_products(&job, 1, StackedColumns{parts, n}, queue);
}

// How many of n gradients go together with the first: as many as stream the same x and make one unit's rows.
int64_t n_stacked(const WeightGradientProblem* problems, int64_t n) {
  int64_t count = 1, rows = round_up(problems->n, kTileSide);
  for (; count < min(n, kMostTogether); ++count) {
    const WeightGradientProblem& next = problems[count];
    rows += round_up(next.n, kTileSide);
    if (is_transposed(next) || !same_x(*problems, next) || rows > kMostRows) break;
  }
  return count;
}

}  // namespace

void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept { weight_gradient_group({&p, 1}, queue); }

void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n;) {
    const WeightGradientProblem* first = group.problems + i;
    const int64_t n = is_transposed(*first) ? 1 : n_stacked(first, group.n - i);
    if (is_transposed(*first))
      run_transposed(*first, queue);
    else
      run_stacked(first, n, queue);
    i += n;
  }
  for (int64_t i = 0; i < group.n; ++i) {
    if (group.problems[i].dbias == nullptr) continue;
    WeightGradientProblem bias = group.problems[i];  // without columns only the bias is left
    bias.k = 0;
    avx512::table().weight_gradient(bias, queue);
  }
}

}  // namespace chaku::amx
