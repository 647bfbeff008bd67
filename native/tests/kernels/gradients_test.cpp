// The reference path's backward passes against finite differences of its forward passes. Kernels store float32, so the
// differences are central, with steps large enough to drown its rounding; losses are summed in float64.
#include <functional>

#include "data.h"
#include "kernels/table.h"
#include "test.h"

using namespace chaku;
using test::random_vector;

namespace {

using Floats = std::vector<float>;

const KernelTable& table = reference_table();

Queue& queue() {
  static Queue threads(2);
  return threads;
}

double weighted_sum(const Floats& y, const Floats& weights) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * weights[i];
  return sum;
}

// d loss / d input by central differences.
Floats numeric_gradient(Floats& input, float step, const std::function<double()>& loss) {
  Floats gradient(input.size());
  for (size_t i = 0; i < input.size(); ++i) {
    const float before = input[i], up = before + step, down = before - step;
    input[i] = up;
    const double above = loss();
    input[i] = down;
    const double below = loss();
    input[i] = before;
    gradient[i] = static_cast<float>((above - below) / (static_cast<double>(up) - down));
  }
  return gradient;
}

void check_gradient(const Floats& analytic, Floats& input, float step, const std::function<double()>& loss) {
  const Floats numeric = numeric_gradient(input, step, loss);
  CHECK_CLOSE(analytic.data(), numeric.data(), static_cast<int64_t>(numeric.size()), 1e-3, 1e-3);
}

}  // namespace

TEST(matmul_backward) {
  constexpr int64_t kM = 3, kN = 5, kK = 64;
  const test::Weights w = test::random_weights(DType::kQ8_0, kN, kK, 1);
  Floats x = random_vector(kM * kK, 2), y(kM * kN), dy = random_vector(kM * kN, 3), dx(kM * kK);
  table.matmul_backward(
      {.dy = dy.data(), .dy_stride = kN, .w = w.matrix, .dx = dx.data(), .dx_stride = kK, .m = kM, .scale = 0.5f},
      queue());
  check_gradient(dx, x, 0.5f, [&] {
    table.matmul({.x = x.data(), .x_stride = kK, .w = w.matrix, .y = y.data(), .y_stride = kN, .m = kM, .scale = 0.5f},
                 queue());
    return weighted_sum(y, dy);
  });
}

TEST(weight_and_bias_gradient) {
  constexpr int64_t kM = 7, kN = 5, kK = 6;
  Floats w = random_vector(kN * kK, 1), bias = random_vector(kN, 2);
  Floats x = random_vector(kM * kK, 3), y(kM * kN), dy = random_vector(kM * kN, 4), dw(kN * kK), dbias(kN);
  const auto loss = [&] {
    table.matmul({.x = x.data(),
                  .x_stride = kK,
                  .w = {w.data(), DType::kF32, kN, kK},
                  .bias = bias.data(),
                  .y = y.data(),
                  .y_stride = kN,
                  .m = kM},
                 queue());
    return weighted_sum(y, dy);
  };
  table.weight_gradient({.dy = dy.data(),
                         .dy_stride = kN,
                         .x = x.data(),
                         .x_stride = kK,
                         .dw = dw.data(),
                         .dbias = dbias.data(),
                         .m = kM,
                         .n = kN,
                         .k = kK},
                        queue());
  check_gradient(dw, w, 0.5f, loss);
  check_gradient(dbias, bias, 0.5f, loss);
}

TEST(scatter_gradient) {
  constexpr int64_t kV = 4, kD = 3, kM = 5;
  Floats w = random_vector(kV * kD, 1), y(kM * kD), dy = random_vector(kM * kD, 2), dw(kV * kD);
  const int32_t ids[kM] = {2, 0, 2, 3, 2};
  table.scatter_gradient({.dy = dy.data(), .ids = ids, .dw = dw.data(), .m = kM, .d = kD, .scale = 1.5f}, queue());
  check_gradient(dw, w, 0.5f, [&] {
    table.gather({.w = {w.data(), DType::kF32, kV, kD}, .ids = ids, .y = y.data(), .m = kM, .scale = 1.5f}, queue());
    return weighted_sum(y, dy);
  });
}

TEST(rms_norm_backward) {
  constexpr int64_t kM = 4, kD = 9;
  Floats x = random_vector(kM * kD, 1), weight = random_vector(kD, 2), y(kM * kD), r(kM);
  const Floats dy = random_vector(kM * kD, 3);
  Floats dx(kM * kD), dweight(kD);
  const auto loss = [&] {
    table.rms_norm({.x = x.data(),
                    .weight = weight.data(),
                    .y = y.data(),
                    .inverse_rms = r.data(),
                    .m = kM,
                    .d = kD,
                    .x_stride = kD,
                    .y_stride = kD},
                   queue());
    return weighted_sum(y, dy);
  };
  loss();
  table.rms_norm_backward({.x = x.data(),
                           .weight = weight.data(),
                           .inverse_rms = r.data(),
                           .dy = dy.data(),
                           .dx = dx.data(),
                           .dweight = dweight.data(),
                           .m = kM,
                           .d = kD,
                           .x_stride = kD,
                           .dy_stride = kD,
                           .dx_stride = kD},
                          queue());
  check_gradient(dx, x, 1e-2f, loss);
  check_gradient(dweight, weight, 0.1f, loss);
}

TEST(layer_norm_backward) {
  constexpr int64_t kM = 6, kD = 9, kRows = 2;
  Floats x = random_vector(kM * kD, 1), weight = random_vector(kRows * kD, 2), bias = random_vector(kRows * kD, 4);
  Floats y(kM * kD), r(kM), dx(kM * kD), dweight(kRows * kD), dbias(kRows * kD);
  const Floats dy = random_vector(kM * kD, 3);
  const auto loss = [&] {
    table.layer_norm({.x = x.data(),
                      .weight = weight.data(),
                      .bias = bias.data(),
                      .y = y.data(),
                      .inverse_deviation = r.data(),
                      .m = kM,
                      .d = kD,
                      .x_stride = kD,
                      .y_stride = kD,
                      .weight_rows = kRows},
                     queue());
    return weighted_sum(y, dy);
  };
  loss();
  table.layer_norm_backward({.x = x.data(),
                             .weight = weight.data(),
                             .inverse_deviation = r.data(),
                             .dy = dy.data(),
                             .dx = dx.data(),
                             .dweight = dweight.data(),
                             .dbias = dbias.data(),
                             .m = kM,
                             .d = kD,
                             .x_stride = kD,
                             .dy_stride = kD,
                             .dx_stride = kD,
                             .weight_rows = kRows},
                            queue());
  check_gradient(dx, x, 1e-2f, loss);
  check_gradient(dweight, weight, 0.1f, loss);
  check_gradient(dbias, bias, 0.1f, loss);
}

TEST(backward_of_other_activations) {
  constexpr int64_t kN = 40;
  for (const Activation activation : {Activation::kGeluTanh, Activation::kSigmoid, Activation::kIdentity})
    for (const bool gated : {true, false}) {
      Floats gate = random_vector(kN, 1, 2.0f), up = random_vector(kN, 2), y(kN), dgate(kN), dup(kN);
      const Floats dy = random_vector(kN, 3);
      const float* maybe_up = gated ? up.data() : nullptr;
      const auto loss = [&] {
        table.gated_activation({.gate = gate.data(), .up = maybe_up, .y = y.data(), .n = kN, .activation = activation},
                               queue());
        return weighted_sum(y, dy);
      };
      table.gated_activation_backward({.gate = gate.data(),
                                       .up = maybe_up,
                                       .dy = dy.data(),
                                       .dgate = dgate.data(),
                                       .dup = gated ? dup.data() : nullptr,
                                       .n = kN,
                                       .activation = activation},
                                      queue());
      check_gradient(dgate, gate, 1e-2f, loss);
      if (gated) check_gradient(dup, up, 0.5f, loss);
    }
}

TEST(rope_backward) {
  constexpr int64_t kM = 3, kHeads = 2, kDim = 8, kDims = 6;
  const Floats cosines = random_vector(kM * kDims / 2, 1), sines = random_vector(kM * kDims / 2, 2);
  for (const RopePairing pairing : {RopePairing::kAdjacent, RopePairing::kHalves}) {
    Floats x = random_vector(kM * kHeads * kDim, 3);
    const Floats dy = random_vector(kM * kHeads * kDim, 4);
    RopeProblem p{.cosines = cosines.data(),
                  .sines = sines.data(),
                  .m = kM,
                  .x_stride = kHeads * kDim,
                  .n_heads = kHeads,
                  .head_dim = kDim,
                  .n_dims = kDims,
                  .pairing = pairing};
    Floats dx = dy;
    p.x = dx.data();
    p.backward = true;
    table.rope(p, queue());
    check_gradient(dx, x, 0.5f, [&] {
      Floats y = x;
      p.x = y.data();
      p.backward = false;
      table.rope(p, queue());
      return weighted_sum(y, dy);
    });
  }
}

TEST(gated_activation_backward) {
  constexpr int64_t kN = 40;
  Floats gate = random_vector(kN, 1, 3.0f), up = random_vector(kN, 2), y(kN), dgate(kN), dup(kN);
  const Floats dy = random_vector(kN, 3);
  const auto loss = [&] {
    table.gated_activation({.gate = gate.data(), .up = up.data(), .y = y.data(), .n = kN}, queue());
    return weighted_sum(y, dy);
  };
  table.gated_activation_backward(
      {.gate = gate.data(), .up = up.data(), .dy = dy.data(), .dgate = dgate.data(), .dup = dup.data(), .n = kN},
      queue());
  check_gradient(dgate, gate, 1e-2f, loss);
  check_gradient(dup, up, 0.5f, loss);
}

TEST(dropout_backward_is_dropout) {
  constexpr int64_t kN = 50;
  Floats x = random_vector(kN, 1), y(kN), dx(kN);
  const Floats dy = random_vector(kN, 2);
  DropoutProblem p{.x = dy.data(), .y = dx.data(), .n = kN, .probability = 0.3f, .seed = 5, .stream = 6};
  table.dropout(p, queue());
  p.x = x.data();
  p.y = y.data();
  check_gradient(dx, x, 0.5f, [&] {
    table.dropout(p, queue());
    return weighted_sum(y, dy);
  });
}

TEST(cross_entropy_gradient) {
  constexpr int64_t kM = 4, kV = 11;
  Floats logits = random_vector(kM * kV, 1, 2.0f);
  const Floats weights = {1.0f, 0.0f, 0.5f, 2.0f};
  const int32_t targets[kM] = {3, 0, 10, 7};
  double losses[kM];
  uint8_t correct[kM];
  const auto run = [&](Floats& values, bool gradient, float soft_cap) {
    table.cross_entropy({.logits = values.data(),
                         .targets = targets,
                         .weights = weights.data(),
                         .losses = losses,
                         .correct = correct,
                         .m = kM,
                         .v = kV,
                         .gradient = gradient,
                         .soft_cap = soft_cap},
                        queue());
    return losses[0] + losses[1] + losses[2] + losses[3];
  };
  for (const float soft_cap : {0.0f, 2.5f}) {
    Floats gradient = logits;
    run(gradient, true, soft_cap);
    check_gradient(gradient, logits, 1e-2f, [&] {
      Floats values = logits;  // a cap is applied in place
      return run(values, false, soft_cap);
    });
  }
}

// Two packed rows, grouped heads; with and without a window, a soft cap, a fall with distance.
TEST(attention_backward) {
  struct Shaping {
    int32_t window;
    float soft_cap;
    bool slopes;
  };
  constexpr int64_t kT = 9;
  constexpr int32_t kH = 4, kHkv = 2, kDh = 6;
  const AttentionSpan spans[2] = {{0, 5, 0, 5}, {5, 9, 5, 9}};
  const Floats slopes = {0.5f, 0.25f, 0.125f, 0.0625f};
  for (const Shaping shaping : {Shaping{0, 0.0f, false}, Shaping{3, 0.0f, false}, Shaping{3, 0.7f, false},
                                Shaping{0, 0.0f, true}, Shaping{3, 1.5f, true}}) {
    Floats q = random_vector(kT * kH * kDh, 1), k = random_vector(kT * kHkv * kDh, 2);
    Floats v = random_vector(kT * kHkv * kDh, 3), o(q.size()), lse(kT * kH);
    const Floats d_o = random_vector(kT * kH * kDh, 4);
    const AttentionProblem p{.q = q.data(),
                             .k = k.data(),
                             .v = v.data(),
                             .o = o.data(),
                             .lse = lse.data(),
                             .q_stride = kH * kDh,
                             .kv_stride = kHkv * kDh,
                             .o_stride = kH * kDh,
                             .n_heads = kH,
                             .n_kv_heads = kHkv,
                             .head_dim = kDh,
                             .scale = 0.4f,
                             .window = shaping.window,
                             .soft_cap = shaping.soft_cap,
                             .slopes = shaping.slopes ? slopes.data() : nullptr,
                             .spans = spans,
                             .n_spans = 2};
    const auto loss = [&] {
      table.attention(p, queue());
      return weighted_sum(o, d_o);
    };
    loss();
    Floats dq(q.size()), dk(k.size()), dv(v.size());
    table.attention_backward({.forward = p, .d_o = d_o.data(), .dq = dq.data(), .dk = dk.data(), .dv = dv.data()},
                             queue());
    check_gradient(dq, q, 1e-2f, loss);
    check_gradient(dk, k, 1e-2f, loss);
    check_gradient(dv, v, 0.5f, loss);
  }
}

// Queries, keys and values share what a sink leaves; the sink has its own gradient.
TEST(sink_gradient) {
  constexpr int64_t kT = 7;
  constexpr int32_t kH = 4, kHkv = 2, kDh = 6;
  const AttentionSpan spans[2] = {{0, 3, 0, 3}, {3, 7, 3, 7}};
  Floats q = random_vector(kT * kH * kDh, 1), k = random_vector(kT * kHkv * kDh, 2);
  Floats v = random_vector(kT * kHkv * kDh, 3), sinks = random_vector(kH, 5), o(q.size()), lse(kT * kH);
  const Floats d_o = random_vector(kT * kH * kDh, 4);
  const AttentionProblem p{.q = q.data(),
                           .k = k.data(),
                           .v = v.data(),
                           .o = o.data(),
                           .lse = lse.data(),
                           .sinks = sinks.data(),
                           .q_stride = kH * kDh,
                           .kv_stride = kHkv * kDh,
                           .o_stride = kH * kDh,
                           .n_heads = kH,
                           .n_kv_heads = kHkv,
                           .head_dim = kDh,
                           .scale = 0.4f,
                           .window = 3,
                           .spans = spans,
                           .n_spans = 2};
  const auto loss = [&] {
    table.attention(p, queue());
    return weighted_sum(o, d_o);
  };
  loss();
  Floats dq(q.size()), dk(k.size()), dv(v.size()), d_sinks(kH);
  table.attention_backward({.forward = p, .d_o = d_o.data(), .dq = dq.data(), .dk = dk.data(), .dv = dv.data()},
                           queue());
  table.sink_gradient({.sinks = sinks.data(),
                       .lse = lse.data(),
                       .o = o.data(),
                       .d_o = d_o.data(),
                       .d_sinks = d_sinks.data(),
                       .n_tokens = kT,
                       .n_heads = kH,
                       .head_dim = kDh},
                      queue());
  check_gradient(dq, q, 1e-2f, loss);
  check_gradient(dk, k, 1e-2f, loss);
  check_gradient(dv, v, 0.5f, loss);
  check_gradient(d_sinks, sinks, 1e-2f, loss);
}

// Two packed rows of which one is shorter than the taps.
TEST(causal_convolution_backward) {
  constexpr int64_t kT = 8, kC = 3;
  constexpr int32_t kTaps = 4;
  const AttentionSpan spans[2] = {{0, 2, 0, 2}, {2, 8, 2, 8}};
  for (const bool silu : {false, true}) {
    Floats x = random_vector(kT * kC, 1), w = random_vector(kC * kTaps, 2), y(x.size()), dx(x.size()), dw(w.size());
    const Floats dy = random_vector(kT * kC, 3);
    const CausalConvolutionProblem p{.x = x.data(),
                                     .w = w.data(),
                                     .y = y.data(),
                                     .channels = kC,
                                     .taps = kTaps,
                                     .silu = silu,
                                     .spans = spans,
                                     .n_spans = 2};
    const auto loss = [&] {
      table.causal_convolution(p, queue());
      return weighted_sum(y, dy);
    };
    table.causal_convolution_backward({.forward = p, .dy = dy.data(), .dx = dx.data(), .dw = dw.data()}, queue());
    check_gradient(dx, x, 1e-2f, loss);
    check_gradient(dw, w, 1e-2f, loss);
  }
}

// Two packed rows, value heads that share key heads in both ways, and a query and a key shorter than epsilon.
TEST(delta_rule_backward) {
  constexpr int64_t kT = 9;
  constexpr int32_t kHk = 2, kHv = 4, kDk = 5, kDv = 3, kStride = 2 * kHk * kDk + kHv * kDv;
  const AttentionSpan spans[2] = {{0, 3, 0, 3}, {3, 9, 3, 9}};
  for (const bool tiled : {false, true}) {
    Floats qkv = random_vector(kT * kStride, 1), beta = random_vector(kT * kHv, 2), alpha = random_vector(kT * kHv, 3);
    Floats rate = {-0.5f, -1.0f, -0.1f, -2.0f}, o(kT * kHv * kDv);
    for (int i = 0; i < kDk; ++i) qkv[4 * kStride + i] *= 0.02f;
    for (int i = 0; i < kDk; ++i) qkv[5 * kStride + kHk * kDk + i] *= 0.02f;
    const Floats d_o = random_vector(kT * kHv * kDv, 4);
    DeltaRuleProblem p{.q = qkv.data(),
                       .k = qkv.data() + kHk * kDk,
                       .v = qkv.data() + 2 * kHk * kDk,
                       .stride = kStride,
                       .beta = beta.data(),
                       .alpha = alpha.data(),
                       .rate = rate.data(),
                       .o = o.data(),
                       .n_key_heads = kHk,
                       .n_value_heads = kHv,
                       .key_dim = kDk,
                       .value_dim = kDv,
                       .tiled = tiled,
                       .epsilon = 0.1f,
                       .spans = spans,
                       .n_spans = 2};
    const auto loss = [&] {
      table.delta_rule(p, queue());
      return weighted_sum(o, d_o);
    };
    Floats dqkv(qkv.size()), dbeta(beta.size()), dalpha(alpha.size()), drate(rate.size());
    table.delta_rule_backward({.forward = p,
                               .d_o = d_o.data(),
                               .dq = dqkv.data(),
                               .dk = dqkv.data() + kHk * kDk,
                               .dv = dqkv.data() + 2 * kHk * kDk,
                               .dbeta = dbeta.data(),
                               .dalpha = dalpha.data(),
                               .drate = drate.data()},
                              queue());
    check_gradient(dqkv, qkv, 2e-3f, loss);
    check_gradient(dbeta, beta, 1e-2f, loss);
    check_gradient(dalpha, alpha, 1e-2f, loss);
    check_gradient(drate, rate, 1e-2f, loss);
  }
}
