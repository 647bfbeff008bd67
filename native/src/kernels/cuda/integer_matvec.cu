// Products of generated tokens with activations of 16 or 8 bits, as integers: four products and sums an instruction
// (dp4a). Activations are written once, before the products, as activation_format.h says: a step of 128 or 256 shares a
// scale, and a number is one digit of a byte, or two to base 128. The integers are the reference's, to the bit.
//
// Of a group of eight weights, y = scale * code + offset: its part of the sum is
//   step's scale * (scale * sum of code * integer + offset * sum of integer)
// in which the sums are exact, and below 2^24, so that they are exact as float32 too.
#include "kernels/cuda/few_rows.cuh"
#include "kernels/cuda/matvec.cuh"

namespace chaku::cuda {
namespace {

constexpr float kMostFinite = 3.4028234663852886e38f;
constexpr int kRoundThreads = 256;

constexpr bool has_codes(DType dtype) { return digit_step(dtype) > 0; }
constexpr bool has_offset(DType dtype) {
  return dtype == DType::kQ4_1 || dtype == DType::kQ5_1 || dtype == DType::kQ2_K || dtype == DType::kQ4_K ||
         dtype == DType::kQ5_K;
}

// Activations as integers: digit d of row t at ((d * m) + t) * columns, the highest first; scales [m, steps].
struct Integers {
  int8_t* digits;
  float* scales;
  int64_t m, columns, steps;
};

// grid -> steps of rows, one a warp; no shared memory; sm_75; 4 + kDigits bytes an activation.
template <int kDigits, int kStep>
__global__ void __launch_bounds__(kRoundThreads)
    round_activations(const float* x, int64_t x_stride, const Integers to) {
  constexpr int kEach = kStep / 128;
  const int64_t at = int64_t{blockIdx.x} * (kRoundThreads / 32) + warp_index();
  const int64_t row = at / to.steps, step = at % to.steps;
  if (row >= to.m) return;
  float values[kEach][4], largest = 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kEach; ++i) {
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int64_t column = step * kStep + i * 128 + lane_index() * 4 + j;
      const float v = column < to.columns ? x[row * x_stride + column] : 0.0f;
      values[i][j] = v;
      largest = fabsf(v) <= kMostFinite ? fmaxf(largest, fabsf(v)) : kInfinity;
    }
  }
  largest = warp_max(largest);
  const bool finite = largest <= kMostFinite;
  const float scale = largest < kLeastActivation ? 0.0f : largest / static_cast<float>(most_integer(kDigits));
  const float inverse = finite && scale > 0.0f ? 1.0f / scale : 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kEach; ++i) {
    uint32_t packed[kDigits] = {};
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) {
      int integer = finite ? static_cast<int>(rintf(values[i][j] * inverse)) : 0;
      CHAKU_UNROLL
      for (int d = kDigits - 1; d > 0; --d) {
        const int digit = ((integer + 64) & 127) - 64;
        packed[d] |= static_cast<uint32_t>(digit & 0xff) << (8 * j);
        integer = (integer - digit) >> 7;
      }
      packed[0] |= static_cast<uint32_t>(integer & 0xff) << (8 * j);
    }
    const int64_t column = step * kStep + i * 128 + lane_index() * 4;
    if (column >= to.columns) continue;  // rows are whole blocks, of 32 at least
    CHAKU_UNROLL
    for (int d = 0; d < kDigits; ++d)
      *reinterpret_cast<uint32_t*>(to.digits + (d * to.m + row) * to.columns + column) = packed[d];
  }
  if (lane_index() == 0) to.scales[row * to.steps + step] = finite ? scale : __uint_as_float(0x7fffffffu);
}

CHAKU_DEVICE int dot_codes(const uint32_t (&codes)[2], const uint2& integers, int sum) {
  sum = __dp4a(static_cast<int>(codes[0]), static_cast<int>(integers.x), sum);
  return __dp4a(static_cast<int>(codes[1]), static_cast<int>(integers.y), sum);
}

// grid -> kRows rows of w for each of four warps; no shared memory; sm_75; 2 M kDigits operations a weight.
template <DType kType, int kDigits, int kTokens, int kRows>
__global__ void __launch_bounds__(kFewRowsThreads) integer_products(const TokensOf q, const Integers x) {
  using F = Format<kType>;
  constexpr int kGroups = F::kElements / kGroup, kStepGroups = digit_step(kType) / kGroup;
  const FewRows<kTokens, kRows> rows(q);
  if (rows.first_row >= q.p.w.rows) return;
  float sums[kRows][kTokens] = {};
  for (int64_t g = lane_index(); g < x.columns / kGroup; g += 32) {
    Group weights[kRows];
    CHAKU_UNROLL
    for (int r = 0; r < kRows; ++r)
      weights[r] = F::load(rows.w[r] + g / kGroups * F::kBytes, static_cast<int>(g % kGroups));
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) {
      const float scale = x.scales[rows.tokens[t] * x.steps + g / kStepGroups];
      int dots[kRows] = {}, all = 0;
      CHAKU_UNROLL
      for (int d = 0; d < kDigits; ++d) {
        const uint2 integers = reinterpret_cast<const uint2*>(x.digits + (d * x.m + rows.tokens[t]) * x.columns)[g];
        CHAKU_UNROLL
        for (int r = 0; r < kRows; ++r) dots[r] = dot_codes(weights[r].codes, integers, dots[r] * 128);
        if constexpr (has_offset(kType)) all = dot_codes({0x01010101u, 0x01010101u}, integers, all * 128);
      }
      CHAKU_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float part = weights[r].scale * static_cast<float>(dots[r]);
        if constexpr (has_offset(kType)) part = fmaf(weights[r].offset, static_cast<float>(all), part);
        sums[r][t] = fmaf(scale, part, sums[r][t]);
      }
    }
  }
  sum_over_lanes(sums);
  rows.finish(q, sums);
}

// Some rows of a problem, with their activations in scratch memory.
struct Part {
  MatmulProblem p;
  Integers x;
};

template <int kDigits>
void round_part(const Part& part, int64_t step, Queue& queue) noexcept {
  const dim3 grid(static_cast<unsigned>(ceil_div(part.p.m * part.x.steps, kRoundThreads / 32)));
  const auto kernel = step == 128 ? round_activations<kDigits, 128> : round_activations<kDigits, 256>;
  cuda_queue(queue).launch(kernel, grid, dim3(kRoundThreads), 0, part.p.x, part.p.x_stride, part.x);
}

template <DType kType, int kDigits, int kTokens, int kRows>
void launch_tokens(const Part& part, int64_t first, Queue& queue) noexcept {
  cuda_queue(queue).launch(integer_products<kType, kDigits, kTokens, kRows>, few_rows_grid<kRows>(part.p),
                           dim3(kFewRowsThreads), 0, TokensOf(part.p, first), part.x);
}

template <int kDigits>
void multiply_part(const Part& part, Queue& queue) noexcept {
  for_dtype(part.p.w.dtype, [&]<DType kType>() {
    if constexpr (has_codes(kType)) {
      int64_t first = 0;
      for (; part.p.m - first > 4; first += 8) launch_tokens<kType, kDigits, 8, 1>(part, first, queue);
      for (; part.p.m - first > 1; first += 4) launch_tokens<kType, kDigits, 4, 2>(part, first, queue);
      if (part.p.m > first) launch_tokens<kType, kDigits, 1, 2>(part, first, queue);
    }
  });
}

}  // namespace

void integer_matvec(const MatmulProblem& p, Queue& queue, RoundedActivations& held) noexcept {
  CudaQueue& q = cuda_queue(queue);
  const int digits = digits_of(p.activations);
  const int64_t step = digit_step(p.w.dtype), columns = p.w.columns, steps = ceil_div(columns, step);
  const int64_t fits = (q.scratch_bytes() - 8) / (columns * digits + steps * int64_t{sizeof(float)});
  if (fits == 0) return q.note("a row of activations exceeds the scratch memory");
  const RoundedActivations wanted = {p.x, p.x_stride, columns, p.m, step, digits};
  const bool rounded = held == wanted;
  for (int64_t first = 0; first < p.m; first += fits) {
    const int64_t m = first + fits < p.m ? fits : p.m - first;
    float* scales = reinterpret_cast<float*>(q.device_scratch());
    // Rows of digits begin at multiples of 8 bytes: columns are whole blocks, of 32 at least.
    int8_t* at = reinterpret_cast<int8_t*>(scales + ceil_div(m * steps, 2) * 2);
    Part part{p, {at, scales, m, columns, steps}};
    part.p.m = m;
    part.p.x += first * p.x_stride;
    part.p.y += first * p.y_stride;
    if (!p.tail.empty()) part.p.tail.x += first * p.tail.x_stride;
    if (!rounded) digits == 1 ? round_part<1>(part, step, queue) : round_part<2>(part, step, queue);
    digits == 1 ? multiply_part<1>(part, queue) : multiply_part<2>(part, queue);
  }
  held = fits >= p.m ? wanted : RoundedActivations{};
}

}  // namespace chaku::cuda
