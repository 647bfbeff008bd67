#include "kernels/router.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

constexpr double kLeastSum = 0x1p-14;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// The U largest logits by repeated search: U is small, and ties fall to the lower index.
void select(const float* z, int32_t n_experts, int32_t n_used, int32_t* ids) {
  for (int32_t u = 0; u < n_used; ++u) {
    int32_t best = -1;
    for (int32_t e = 0; e < n_experts; ++e) {
      if (std::find(ids, ids + u, e) != ids + u) continue;
      if (best < 0 || z[e] > z[best]) best = e;
    }
    ids[u] = best;
  }
}

// softmax(z)_e = exp(z_e - log_sum).
double log_sum_exp(const float* z, int32_t n) {
  const double max = *std::max_element(z, z + n);
  double total = 0;
  for (int32_t e = 0; e < n; ++e) total += std::exp(z[e] - max);
  return max + std::log(total);
}

double log_sum_exp(const float* z, const int32_t* ids, int32_t n) {
  double total = 0;
  for (int32_t u = 0; u < n; ++u) total += std::exp(static_cast<double>(z[ids[u]]) - z[ids[0]]);
  return z[ids[0]] + std::log(total);
}

// A token's scores for selection where those are not its logits.
class Scores {
 public:
  Scores(const RouteProblem& p, const float* z) : n_experts_(p.n_experts) {
    const double log_sum = p.gating == Gating::kSigmoid ? 0.0 : log_sum_exp(z, n_experts_);
    for (int32_t e = 0; e < n_experts_; ++e)
      values_[e] = (p.gating == Gating::kSigmoid ? sigmoid(z[e]) : std::exp(z[e] - log_sum)) +
                   (p.bias != nullptr ? p.bias[e] : 0.0f);
    if (p.n_groups > 1) keep_groups(p.n_experts / p.n_groups, p.n_groups, p.n_groups_used);
  }

  // Takes the best of those left; of equal ones the lower index.
  int32_t take() {
    const int32_t best = static_cast<int32_t>(std::max_element(values_, values_ + n_experts_) - values_);
    values_[best] = -HUGE_VAL;
    return best;
  }

 private:
  double group_score(const double* group, int32_t size) const {
    double first = -HUGE_VAL, second = -HUGE_VAL;
    for (int32_t e = 0; e < size; ++e) {
      second = std::max(second, std::min(first, group[e]));
      first = std::max(first, group[e]);
    }
    return size > 1 ? first + second : first;
  }

  // Leaves the experts of the best groups alone.
  void keep_groups(int32_t size, int32_t n_groups, int32_t n_used) {
    double scores[kMostExperts];
    for (int32_t g = 0; g < n_groups; ++g) scores[g] = group_score(values_ + g * size, size);
    for (int32_t out = n_groups - n_used; out > 0; --out) {  // of equal groups the higher index goes
      int32_t worst = -1;
      for (int32_t g = 0; g < n_groups; ++g)
        if (scores[g] != HUGE_VAL && (worst < 0 || scores[g] <= scores[worst])) worst = g;
      std::fill_n(values_ + worst * size, size, -HUGE_VAL);
      scores[worst] = HUGE_VAL;
    }
  }

  static constexpr int32_t kMostExperts = 4096;  // kMaxExperts of the model layer
  int32_t n_experts_;
  double values_[kMostExperts];
};

void select_by_scores(const RouteProblem& p, const float* z, int32_t* ids) {
  Scores scores(p, z);
  for (int32_t u = 0; u < p.n_used; ++u) ids[u] = scores.take();
}

// What a token's weights are before they are normalised.
class Gate {
 public:
  Gate(const RouteProblem& p, int64_t token)
      : gating_(p.gating), z_(p.logits + token * p.n_experts), ids_(p.ids + token * p.n_used) {
    if (gating_ == Gating::kSoftmax) log_sum_ = log_sum_exp(z_, p.n_experts);
    if (gating_ == Gating::kSoftmaxTopK) log_sum_ = log_sum_exp(z_, ids_, p.n_used);
  }
  double value(int32_t expert) const {
    return gating_ == Gating::kSigmoid ? sigmoid(z_[expert]) : std::exp(z_[expert] - log_sum_);
  }
  double selected(int32_t u) const { return value(ids_[u]); }

 private:
  Gating gating_;
  const float* z_;
  const int32_t* ids_;
  double log_sum_ = 0.0;
};

double sum_of(const Gate& gate, int32_t n_used) {
  double sum = 0;
  for (int32_t u = 0; u < n_used; ++u) sum += gate.selected(u);
  return sum;
}

// Gradient of a token's logits from that of its weights.
void gate_gradient(const RouteBackwardProblem& p, int64_t token, float* dz) {
  const RouteProblem& f = p.forward;
  const Gate gate(f, token);
  const int32_t* ids = f.ids + token * f.n_used;
  const float* dw = p.d_weights + token * f.n_used;
  const double sum = f.normalize ? sum_of(gate, f.n_used) : 1.0, divisor = f.normalize ? std::max(sum, kLeastSum) : 1.0;
  double along = 0;  // sum of dw p / divisor^2, where the sum itself depends on p
  if (f.normalize && sum > kLeastSum)
    for (int32_t u = 0; u < f.n_used; ++u) along += dw[u] * gate.selected(u) / (divisor * divisor);
  const auto d_value = [&](int32_t u) { return f.scale * (dw[u] / divisor - along); };
  double mean = 0;
  if (f.gating != Gating::kSigmoid)
    for (int32_t u = 0; u < f.n_used; ++u) mean += d_value(u) * gate.selected(u);
  if (f.gating == Gating::kSoftmax)
    for (int32_t e = 0; e < f.n_experts; ++e) dz[e] = static_cast<float>(-gate.value(e) * mean);
  for (int32_t u = 0; u < f.n_used; ++u) {
    const double value = gate.selected(u);
    dz[ids[u]] = static_cast<float>(value * (d_value(u) - (f.gating == Gating::kSigmoid ? d_value(u) * value : mean)));
  }
}

void add_balance_gradient(const RouteBackwardProblem& p, int64_t token, float* dz) {
  const RouteProblem& f = p.forward;
  const float* z = f.logits + token * f.n_experts;
  const double log_sum = log_sum_exp(z, f.n_experts), tokens = static_cast<double>(f.m);
  double mean = 0;
  for (int32_t e = 0; e < f.n_experts; ++e) mean += std::exp(z[e] - log_sum) * p.counts[e] / tokens;
  const double scale = p.balance_scale * static_cast<double>(f.n_experts) / tokens;
  for (int32_t e = 0; e < f.n_experts; ++e)
    dz[e] = static_cast<float>(dz[e] + scale * std::exp(z[e] - log_sum) * (p.counts[e] / tokens - mean));
}

}  // namespace

void route(const RouteProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* z = p.logits + m * p.n_experts;
      int32_t* ids = p.ids + m * p.n_used;
      if (p.bias != nullptr || p.n_groups > 1)
        select_by_scores(p, z, ids);
      else
        select(z, p.n_experts, p.n_used, ids);
      const Gate gate(p, m);
      const double divisor = p.normalize ? std::max(sum_of(gate, p.n_used), kLeastSum) : 1.0;
      for (int32_t u = 0; u < p.n_used; ++u)
        p.weights[m * p.n_used + u] = static_cast<float>(p.scale * gate.selected(u) / divisor);
    }
  });
}

void route_backward(const RouteBackwardProblem& p, Queue& queue) noexcept {
  const RouteProblem& f = p.forward;
  queue.parallel_for(f.m, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      float* dz = p.d_logits + m * f.n_experts;
      std::fill(dz, dz + f.n_experts, 0.0f);
      gate_gradient(p, m, dz);
      if (p.balance_scale != 0.0f) add_balance_gradient(p, m, dz);
    }
  });
}

void balance_loss(const BalanceLossProblem& p, Queue&) noexcept {
  double loss = 0;
  for (int64_t m = 0; m < p.m; ++m) {
    const float* z = p.logits + m * p.n_experts;
    const double log_sum = log_sum_exp(z, p.n_experts);
    for (int32_t e = 0; e < p.n_experts; ++e) loss += std::exp(z[e] - log_sum) * p.counts[e];
  }
  const double tokens = static_cast<double>(p.m);
  *p.result = loss * p.n_experts / (tokens * tokens);
}

void combine_rows(const CombineRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      for (int64_t i = 0; i < p.d; ++i) {
        double sum = 0;
        for (int32_t u = 0; u < p.n_used; ++u) sum += p.x[p.rows[m * p.n_used + u] * p.d + i];
        float& y = p.y[m * p.d + i];
        y = static_cast<float>((p.accumulate ? y : 0.0f) + p.scale * sum);
      }
  });
}

void row_dots(const RowDotsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      double sum = 0;
      for (int64_t i = 0; i < p.d; ++i) sum += static_cast<double>(p.a[m * p.d + i]) * p.b[m * p.d + i];
      p.result[m] = static_cast<float>(sum);
    }
  });
}

}  // namespace chaku::reference
