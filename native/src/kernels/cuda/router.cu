// How a token finds its experts: kernels/router.h has the rules. A token a warp, its lanes the experts; in float64, as
// on every device, so that all agree on what is selected.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/warp.cuh"
#include "kernels/router.h"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 128, kMaxGroups = 64;
constexpr double kLeastSum = 0x1p-14;

CHAKU_DEVICE double sigmoid_of(double x) { return 1.0 / (1.0 + exp(-x)); }

// Of the best so far: the larger value and, of equal ones, the lower index.
struct Choice {
  double value;
  int index;
};

CHAKU_DEVICE bool comes_before(Choice a, Choice b) {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

// The best over the lanes.
CHAKU_DEVICE Choice warp_best(Choice mine) {
  CHAKU_UNROLL
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const Choice other = {__shfl_xor_sync(kAllLanes, mine.value, lanes), __shfl_xor_sync(kAllLanes, mine.index, lanes)};
    if (comes_before(other, mine)) mine = other;
  }
  return mine;
}

CHAKU_DEVICE Choice behind_all() { return {-__builtin_huge_val(), 0x7fffffff}; }
CHAKU_DEVICE Choice before_all() { return {__builtin_huge_val(), -1}; }

// The best of n behind `last` in the order of choices; value_of(i) is called by the lane of i.
template <class ValueOf>
CHAKU_DEVICE Choice next_best(int n, Choice last, const ValueOf& value_of) {
  Choice best = behind_all();
  for (int i = lane_index(); i < n; i += 32) {
    const Choice one = {value_of(i), i};
    if (comes_before(last, one) && comes_before(one, best)) best = one;
  }
  return warp_best(best);
}

// softmax(z)_e = exp(z_e - result).
CHAKU_DEVICE double log_sum_exp(const float* z, int n) {
  double highest = -__builtin_huge_val(), sum = 0;
  for (int e = lane_index(); e < n; e += 32) highest = max(highest, static_cast<double>(z[e]));
  CHAKU_UNROLL
  for (int lanes = 16; lanes > 0; lanes /= 2) highest = max(highest, __shfl_xor_sync(kAllLanes, highest, lanes));
  for (int e = lane_index(); e < n; e += 32) sum += exp(z[e] - highest);
  return highest + log(warp_sum(sum));
}

// Of the experts that were selected, in their order.
CHAKU_DEVICE double log_sum_exp_of(const float* z, const int32_t* ids, int n) {
  double sum = 0;
  for (int u = 0; u < n; ++u) sum += exp(static_cast<double>(z[ids[u]]) - z[ids[0]]);
  return z[ids[0]] + log(sum);
}

// The groups whose experts can be selected, a bit each.
template <class ScoreOf>
CHAKU_DEVICE uint64_t best_groups(const RouteProblem& p, const ScoreOf& score_of) {
  const int size = p.n_experts / p.n_groups;
  const auto group_score = [&](int g) {
    double first = -__builtin_huge_val(), second = first;
    for (int e = g * size; e < (g + 1) * size; ++e) {
      const double score = score_of(e);
      second = max(second, min(first, score));
      first = max(first, score);
    }
    return size > 1 ? first + second : first;
  };
  uint64_t kept = 0;
  Choice last = before_all();
  for (int i = 0; i < p.n_groups_used; ++i) {
    last = next_best(p.n_groups, last, group_score);
    kept |= uint64_t{1} << last.index;
  }
  return kept;
}

CHAKU_DEVICE void select(const RouteProblem& p, const float* z, int32_t* ids) {
  const auto keep = [&](const auto& value_of) {
    Choice last = before_all();
    for (int u = 0; u < p.n_used; ++u) {
      last = next_best(p.n_experts, last, value_of);
      if (lane_index() == 0) ids[u] = last.index;
    }
  };
  if (p.bias == nullptr && p.n_groups <= 1) return keep([&](int e) { return static_cast<double>(z[e]); });
  const double log_sum = p.gating == Gating::kSigmoid ? 0.0 : log_sum_exp(z, p.n_experts);
  const auto score_of = [&](int e) {
    const double gate = p.gating == Gating::kSigmoid ? sigmoid_of(z[e]) : exp(z[e] - log_sum);
    return gate + (p.bias != nullptr ? p.bias[e] : 0.0f);
  };
  if (p.n_groups <= 1) return keep(score_of);
  const uint64_t kept = best_groups(p, score_of);
  const int size = p.n_experts / p.n_groups;
  keep([&](int e) { return kept >> (e / size) & 1 ? score_of(e) : -__builtin_huge_val(); });
}

// What a token's weights are before they are normalised.
struct Gate {
  Gating gating;
  const float* z;
  double log_sum;

  CHAKU_DEVICE Gate(const RouteProblem& p, int64_t m) : gating(p.gating), z(p.logits + m * p.n_experts), log_sum(0) {
    if (gating == Gating::kSoftmax) log_sum = log_sum_exp(z, p.n_experts);
    if (gating == Gating::kSoftmaxTopK) log_sum = log_sum_exp_of(z, p.ids + m * p.n_used, p.n_used);
  }
  CHAKU_DEVICE double operator()(int e) const {
    return gating == Gating::kSigmoid ? sigmoid_of(z[e]) : exp(z[e] - log_sum);
  }
};

CHAKU_DEVICE int64_t token_of_warp() { return int64_t{blockIdx.x} * (kThreads / 32) + warp_index(); }

// grid -> four tokens.
__global__ void __launch_bounds__(kThreads) route_token(const RouteProblem p) {
  const int64_t m = token_of_warp();
  if (m >= p.m) return;
  int32_t* ids = p.ids + m * p.n_used;
  select(p, p.logits + m * p.n_experts, ids);
  __syncwarp();
  const Gate gate(p, m);
  double sum = 0;
  for (int u = 0; u < p.n_used; ++u) sum += gate(ids[u]);
  const double divisor = p.normalize ? max(sum, kLeastSum) : 1.0;
  for (int u = lane_index(); u < p.n_used; u += 32)
    p.weights[m * p.n_used + u] = static_cast<float>(p.scale * gate(ids[u]) / divisor);
}

// dz of the weights' gradients; formulas of reference/router.cpp.
CHAKU_DEVICE void gate_gradient(const RouteBackwardProblem& p, int64_t m, float* dz) {
  const RouteProblem& f = p.forward;
  const Gate gate(f, m);
  const int32_t* ids = f.ids + m * f.n_used;
  const float* dw = p.d_weights + m * f.n_used;
  double sum = 1.0, along = 0, mean = 0;
  if (f.normalize) {
    sum = 0;
    for (int u = 0; u < f.n_used; ++u) sum += gate(ids[u]);
  }
  const double divisor = f.normalize ? max(sum, kLeastSum) : 1.0;
  if (f.normalize && sum > kLeastSum)
    for (int u = 0; u < f.n_used; ++u) along += dw[u] * gate(ids[u]) / (divisor * divisor);
  const auto d_value = [&](int u) { return f.scale * (dw[u] / divisor - along); };
  const bool sigmoid = f.gating == Gating::kSigmoid;
  for (int u = 0; !sigmoid && u < f.n_used; ++u) mean += d_value(u) * gate(ids[u]);
  for (int e = lane_index(); e < f.n_experts; e += 32)
    dz[e] = f.gating == Gating::kSoftmax ? static_cast<float>(-gate(e) * mean) : 0.0f;
  __syncwarp();
  for (int u = lane_index(); u < f.n_used; u += 32) {
    const double value = gate(ids[u]);
    dz[ids[u]] = static_cast<float>(value * (d_value(u) - (sigmoid ? d_value(u) * value : mean)));
  }
  __syncwarp();
}

CHAKU_DEVICE double balance_of(const float* z, const int32_t* counts, int n_experts, double log_sum) {
  double sum = 0;
  for (int e = lane_index(); e < n_experts; e += 32) sum += exp(z[e] - log_sum) * counts[e];
  return warp_sum(sum);
}

// grid -> four tokens.
__global__ void __launch_bounds__(kThreads) route_token_backward(const RouteBackwardProblem p) {
  const RouteProblem& f = p.forward;
  const int64_t m = token_of_warp();
  if (m >= f.m) return;
  float* dz = p.d_logits + m * f.n_experts;
  gate_gradient(p, m, dz);
  if (p.balance_scale == 0.0f) return;
  const float* z = f.logits + m * f.n_experts;
  const double log_sum = log_sum_exp(z, f.n_experts), tokens = static_cast<double>(f.m);
  const double mean = balance_of(z, p.counts, f.n_experts, log_sum) / tokens;
  const double scale = p.balance_scale * static_cast<double>(f.n_experts) / tokens;
  for (int e = lane_index(); e < f.n_experts; e += 32)
    dz[e] = static_cast<float>(dz[e] + scale * exp(z[e] - log_sum) * (p.counts[e] / tokens - mean));
}

// One block: warps take tokens in turn, and what they have is added up in the order of warps.
__global__ void __launch_bounds__(kThreads) balance(const BalanceLossProblem p) {
  CHAKU_SHARED(partial, double[kThreads / 32]);
  double sum = 0;
  for (int64_t m = warp_index(); m < p.m; m += kThreads / 32) {
    const float* z = p.logits + m * p.n_experts;
    sum += balance_of(z, p.counts, p.n_experts, log_sum_exp(z, p.n_experts));
  }
  if (lane_index() == 0) partial[warp_index()] = sum;
  __syncthreads();
  if (thread_index() != 0) return;
  double loss = 0;
  for (int w = 0; w < kThreads / 32; ++w) loss += partial[w];
  const double tokens = static_cast<double>(p.m);
  *p.result = loss * p.n_experts / (tokens * tokens);
}

dim3 grid_of_tokens(int64_t m) { return dim3(static_cast<unsigned>(ceil_div(m, kThreads / 32))); }

}  // namespace

void route(const RouteProblem& p, Queue& queue) noexcept {
  if (p.n_groups > kMaxGroups) return cuda_queue(queue).note("route: expected at most 64 groups of experts");
  cuda_queue(queue).launch(route_token, grid_of_tokens(p.m), dim3(kThreads), 0, p);
}

void route_backward(const RouteBackwardProblem& p, Queue& queue) noexcept {
  cuda_queue(queue).launch(route_token_backward, grid_of_tokens(p.forward.m), dim3(kThreads), 0, p);
}

void balance_loss(const BalanceLossProblem& p, Queue& queue) noexcept {
  cuda_queue(queue).launch(balance, dim3(1), dim3(kThreads), 0, p);
}

}  // namespace chaku::cuda
