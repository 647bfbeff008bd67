// Trainer::step: normalisation by the weights of all micro-batches, clipping by value and by the global norm, the
// optimizer.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "train/trainer.h"

namespace chaku {
namespace {

void check_rate(const char* name, float value, float low, float high) {
  if (!(value >= low && value <= high))
    fail(Code::kInvalidArgument, "[step] expected %s in [%g,%g], got %g", name, low, high, value);
}

void check_step(const StepOptions& o) {
  constexpr float kLargest = 3.4e38f;
  check_rate("learning_rate", o.learning_rate, 0.0f, kLargest);
  check_rate("beta1", o.beta1, 0.0f, 0.9999999f);
  check_rate("beta2", o.beta2, 0.0f, 0.9999999f);
  check_rate("epsilon", o.epsilon, 0.0f, kLargest);
  check_rate("weight_decay", o.weight_decay, 0.0f, kLargest);
  check_rate("max_grad_norm", o.max_grad_norm, 0.0f, kLargest);
  check_rate("max_grad_value", o.max_grad_value, 0.0f, kLargest);
  check_rate("b_rate_ratio", o.b_rate_ratio, 0.0f, kLargest);
}

}  // namespace

// Of the gradients as they are accumulated, parameter by parameter in float64: the order does not depend on threads.
double Trainer::grad_norm() noexcept {
  double* at = norms_.as<double>();
  for (const Parameter& p : parameters())
    model_->engine().run(&KernelTable::squared_norm,
                         SquaredNormProblem{store_.data(p, Slot::kGradient), p.size(), at++});
  model_->engine().device().download(host_norms_.data(), norms_.data(), norms_.n_bytes());
  return std::sqrt(std::accumulate(host_norms_.begin(), host_norms_.end(), 0.0));
}

// Elements [begin, begin + n) of a parameter.
void Trainer::update(const Parameter& p, int64_t begin, int64_t n, const StepOptions& o,
                     float gradient_scale) noexcept {
  Moments& moments = store_.moments();
  const int64_t at = p.offset + begin;
  const float rate = o.learning_rate * (p.kind == TensorKind::kLoraB ? o.b_rate_ratio : 1.0f);
  const float decay = p.decays() ? o.weight_decay : 0.0f;
  float* const value = store_.data(p, Slot::kValue) + begin;
  float* const gradient = store_.data(p, Slot::kGradient) + begin;
  float* const moment = moments.open(0, at, n);
  if (is_lion(options_.optimizer)) {
    model_->engine().run(&KernelTable::lion,
                         LionProblem{value, gradient, moment, n, rate, o.beta1, o.beta2, decay, gradient_scale});
  } else {
    model_->engine().run(&KernelTable::adamw, AdamWProblem{value, gradient, moment, moments.open(1, at, n), n, step_,
                                                           rate, o.beta1, o.beta2, o.epsilon, decay, gradient_scale});
  }
  for (int32_t m = 0; m < moments.n(); ++m) moments.close(m, at, n, options_.seed, step_);
}

void Trainer::update(const StepOptions& o, float gradient_scale) noexcept {
  for (const Parameter& p : parameters()) {
    const int64_t piece = store_.moments().piece(p.size());
    for (int64_t begin = 0; begin < p.size(); begin += piece)
      update(p, begin, std::min(piece, p.size() - begin), o, gradient_scale);
  }
}

StepResult Trainer::step(const StepOptions& options) {
  check_step(options);
  if (!(weight_sum_ > 0.0))
    fail(Code::kInvalidState, "[step] expected gradients of weighted tokens since the last step, got none");
  kept_.valid = false;
  StepResult result;
  result.grad_norm = grad_norm() / weight_sum_;
  result.skipped = !std::isfinite(result.grad_norm);
  if (result.skipped) {
    store_.zero_gradients();
  } else {
    double norm = result.grad_norm;
    if (options.max_grad_value > 0.0f) {
      store_.clamp_gradients(static_cast<float>(options.max_grad_value * weight_sum_));
      norm = grad_norm() / weight_sum_;
    }
    const bool clip = options.max_grad_norm > 0.0f && norm > options.max_grad_norm;
    const double scale = (clip ? options.max_grad_norm / norm : 1.0) / weight_sum_;
    ++step_;
    update(options, static_cast<float>(scale));
    stacked_.changed(Slot::kValue);
    merged_.changed(Slot::kValue);
    magnitudes_.stepped();
  }
  model_->engine().device().check();
  weight_sum_ = 0.0;
  result.step = step_;
  return result;
}

}  // namespace chaku
