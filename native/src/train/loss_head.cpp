#include "train/loss_head.h"

#include <algorithm>

#include "model/linear.h"
#include "model/norms.h"
#include "model/output.h"
#include "train/linear_backward.h"

namespace chaku {
namespace {

// 320 MiB: 512 tokens of a vocabulary of 150,000. The output projection is decoded once for each chunk, forward and
// backward, which with few tokens costs more than their products do on tiles.
constexpr int64_t kChunkLogits = (int64_t{320} << 20) / static_cast<int64_t>(sizeof(float));

template <class T>
int64_t bytes_of(int64_t n) noexcept {
  return n * static_cast<int64_t>(sizeof(T));
}

// Tokens of a chunk depend on the vocabulary alone, so that results do not depend on anything else.
int64_t chunk_tokens(const DecoderSpec& spec, int64_t max_tokens) noexcept {
  int64_t n = std::max<int64_t>(1, kChunkLogits / spec.vocab_size);
  if (n > 32) n = n / 32 * 32;  // whole tiles for the kernels
  return std::min(n, max_tokens);
}

}  // namespace

LossScratch carve_loss(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank) {
  LossScratch s;
  s.chunk_tokens = chunk_tokens(spec, max_tokens);
  s.stream = carver.floats(max_tokens * spec.width);
  s.normed = carver.floats(max_tokens * spec.width);
  s.d_normed = carver.floats(max_tokens * spec.width);
  s.inverse_rms = carver.floats(max_tokens);
  s.low_rank = carver.floats(max_tokens * rank);
  s.d_low_rank = carver.floats(max_tokens * rank);
  s.logits = carver.floats(s.chunk_tokens * spec.vocab_size);
  s.rows = carver.take<int32_t>(max_tokens);
  s.targets = carver.take<int32_t>(max_tokens);
  s.weights = carver.floats(max_tokens);
  s.losses = carver.take<double>(max_tokens);
  s.correct = carver.take<uint8_t>(max_tokens);
  const size_t n = static_cast<size_t>(max_tokens);
  s.host = std::make_shared<LossScratch::Host>(std::vector<int32_t>(n), std::vector<int32_t>(n), std::vector<float>(n),
                                               std::vector<double>(n), std::vector<uint8_t>(n));
  return s;
}

const LowRank* LossHead::low_rank() const noexcept {
  return d_.low_ranks != nullptr && d_.low_ranks->output.rank > 0 ? &d_.low_ranks->output : nullptr;
}

// Gathers the weighted tokens; returns how many there are.
int64_t LossHead::select(const float* stream, const Targets& targets, int64_t m) noexcept {
  const int64_t d = d_.spec->width;
  LossScratch::Host& host = *s_.host;
  size_t n = 0;
  for (int64_t t = 0; t < m; ++t) {
    if (targets.weights[t] == 0.0f) continue;
    host.rows[n] = static_cast<int32_t>(t);
    host.targets[n] = targets.ids[t];
    host.weights[n++] = targets.weights[t];
  }
  const int64_t count = static_cast<int64_t>(n);
  device().upload(s_.rows, host.rows.data(), bytes_of<int32_t>(count));
  device().upload(s_.targets, host.targets.data(), bytes_of<int32_t>(count));
  device().upload(s_.weights, host.weights.data(), bytes_of<float>(count));
  d_.engine->run(&KernelTable::gather, GatherProblem{{stream, DType::kF32, m, d}, s_.rows, s_.stream, count, 1.0f});
  return count;
}

void LossHead::prepare(int64_t n) noexcept {
  const int64_t d = d_.spec->width;
  output_norm(d_, s_.stream, n, s_.normed, s_.inverse_rms);
  if (const LowRank* lr = low_rank()) {
    low_rank_input_ = drop_input(d_, s_.normed, n * d, d_.dropout.stream(-1, Module::kOutput), dropped_);
    low_rank_down(d_, *lr, low_rank_input_, d, n, s_.low_rank);
  }
}

void LossHead::chunk_loss(int64_t begin, int64_t n, bool gradient) noexcept {
  const int64_t rank = low_rank() != nullptr ? low_rank()->rank : 0;
  project_logits(d_, s_.normed + begin * d_.spec->width, s_.low_rank + begin * rank, n, s_.logits);
  d_.engine->run(&KernelTable::cross_entropy,
                 CrossEntropyProblem{s_.logits, s_.targets + begin, s_.weights + begin, s_.losses + begin,
                                     s_.correct + begin, n, d_.spec->vocab_size, gradient, d_.spec->logit_soft_cap});
}

// s_.logits holds the gradient of the chunk's logits.
void LossHead::chunk_backward(int64_t begin, int64_t n, const Gradients& gradients, bool input_gradient) noexcept {
  const int64_t d = d_.spec->width, v = d_.spec->vocab_size;
  const float scale = d_.spec->logit_scale;
  const LinearGradient& g = gradients.output;
  if (g.w != nullptr)
    d_.engine->run(&KernelTable::weight_gradient,
                   WeightGradientProblem{s_.logits, v, s_.normed + begin * d, d, g.w, g.bias, n, v, d, scale});
  const LowRank* lr = low_rank();
  const float* d_logits = s_.logits;
  float* d_low_rank = nullptr;
  MatmulBackwardProblem products[2];
  int64_t n_products = 0;
  if (lr != nullptr) {
    d_low_rank = s_.d_low_rank + begin * lr->rank;
    MatmulBackwardProblem& p = products[n_products++] =
        back_product(d_logits, {lr->b, DType::kF32, v, lr->rank}, n, d_low_rank);
    p.scale = lr->scale;
    WeightGradientProblem db = b_gradient_product(*lr, d_logits, v, s_.low_rank + begin * lr->rank, n, g.b);
    db.scale = scale * lr->scale;
    d_.engine->run(&KernelTable::weight_gradient, db);
  }
  if (input_gradient) {
    MatmulBackwardProblem& p = products[n_products++] =
        back_product(d_logits, d_.weights->output.w, n, s_.d_normed + begin * d);
    p.scale = scale;
    if (lr != nullptr && !drops()) p.tail = low_rank_back_tail(*lr, d_low_rank, d);
  }
  if (n_products > 0) d_.engine->run(&KernelTable::matmul_backward_group, MatmulBackwardGroup{products, n_products});
}

Loss LossHead::sum(int64_t n) const noexcept {
  Loss loss;
  loss.n_weighted = static_cast<int32_t>(n);
  LossScratch::Host& host = *s_.host;
  device().download(host.losses.data(), s_.losses, bytes_of<double>(n));
  device().download(host.correct.data(), s_.correct, bytes_of<uint8_t>(n));
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    loss.n_correct += host.correct[i];
    loss.loss_sum += host.losses[i];
    loss.weight_sum += host.weights[i];
  }
  return loss;
}

Loss LossHead::evaluate(const float* stream, const Targets& targets, int64_t m) {
  const int64_t n = select(stream, targets, m);
  if (n == 0) return {};
  prepare(n);
  for (int64_t begin = 0; begin < n; begin += s_.chunk_tokens) {
    if (d_.cancel != nullptr) d_.cancel->check();
    chunk_loss(begin, std::min(s_.chunk_tokens, n - begin), false);
  }
  return sum(n);
}

void LossHead::log_probs(const float* stream, const Targets& targets, int64_t m, double* log_probs) {
  const int64_t n = evaluate(stream, targets, m).n_weighted;
  for (int64_t t = 0; t < m; ++t) log_probs[t] = 0.0;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) log_probs[s_.host->rows[i]] = -s_.host->losses[i];
}

void LossHead::logits(const float* stream, const Targets& targets, int64_t m, float* logits) {
  const int64_t n = select(stream, targets, m), v = d_.spec->vocab_size;
  if (n == 0) return;
  prepare(n);
  const int64_t rank = low_rank() != nullptr ? low_rank()->rank : 0;
  for (int64_t begin = 0; begin < n; begin += s_.chunk_tokens) {
    if (d_.cancel != nullptr) d_.cancel->check();
    const int64_t rows = std::min(s_.chunk_tokens, n - begin);
    project_logits(d_, s_.normed + begin * d_.spec->width, s_.low_rank + begin * rank, rows, s_.logits);
    cap_logits(d_, rows, s_.logits);
    device().download(logits + begin * v, s_.logits, bytes_of<float>(rows * v));
  }
}

Loss LossHead::accumulate(const float* stream, const Targets& targets, int64_t m, const Gradients& gradients,
                          float* d_stream) {
  const int64_t d = d_.spec->width;
  const int64_t n = select(stream, targets, m);
  if (n == 0) return {};
  prepare(n);
  for (int64_t begin = 0; begin < n; begin += s_.chunk_tokens) {
    if (d_.cancel != nullptr) d_.cancel->check();
    const int64_t rows = std::min(s_.chunk_tokens, n - begin);
    chunk_loss(begin, rows, true);
    chunk_backward(begin, rows, gradients, d_stream != nullptr);
  }
  const LowRank* lr = low_rank();
  if (lr != nullptr) {
    WeightGradientProblem da = a_gradient_product(*lr, s_.d_low_rank, low_rank_input_, d, n, gradients.output.a);
    da.scale = d_.spec->logit_scale;
    d_.engine->run(&KernelTable::weight_gradient, da);
  }
  if (d_stream == nullptr) return sum(n);

  if (lr != nullptr && drops()) {
    LinearBackwardCall call;
    call.linear = &d_.weights->output;
    call.low_rank = lr;
    call.d_low_rank = s_.d_low_rank;
    call.dropout_stream = d_.dropout.stream(-1, Module::kOutput);
    call.dropped = dropped_;
    call.dx = s_.d_normed;
    call.m = n;
    call.scale = d_.spec->logit_scale;
    add_dropped_gradient(d_, call);
  }
  norm_backward(d_, {d_.weights->output_norm, 1, s_.stream, s_.inverse_rms, s_.d_normed, s_.d_normed,
                     gradients.output_norm, gradients.output_norm_bias, n, d, false});
  d_.engine->run(&KernelTable::fill, FillProblem{d_stream, m * d, 0.0f});
  d_.engine->run(&KernelTable::scatter_rows, ScatterRowsProblem{s_.d_normed, s_.rows, d_stream, n, d});
  return sum(n);
}

}  // namespace chaku
