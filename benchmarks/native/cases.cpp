#include "cases.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "case_data.h"
#include "low_rank_cases.h"

namespace chaku::bench {
namespace {

struct Shape {
  int64_t m, n, k;
  std::string text() const { return "m" + std::to_string(m) + " n" + std::to_string(n) + " k" + std::to_string(k); }
};

constexpr int64_t kCheckedTokens = 3;
constexpr double kPastCaches = 256e6;  // bytes

Case matmul_case(DType dtype, Shape s) {
  struct Data {
    std::vector<std::vector<uint8_t>> w;
    size_t next = 0;
    Floats x, y;
    MatmulProblem p;
  };
  auto d = std::make_shared<Data>();
  d->w.push_back(random_weights(dtype, s.n, s.k));
  const double w_bytes = static_cast<double>(d->w[0].size());
  // Decoding reads every weight of a model once a token: enough copies to find none of them in a cache.
  while (s.m <= 8 && static_cast<double>(d->w.size()) * w_bytes < kPastCaches) d->w.push_back(d->w[0]);
  d->x = random_floats(s.m * s.k, 1);
  d->y.resize(static_cast<size_t>(s.m * s.n));
  d->p = {.x = d->x.data(),
          .x_stride = s.k,
          .w = {d->w[0].data(), dtype, s.n, s.k},
          .y = d->y.data(),
          .y_stride = s.n,
          .m = s.m,
          .role = s.m <= 8 ? Role::kGenerated : Role::kPrompt};
  Case c;
  c.op = s.m <= 8 ? "matmul_decode" : "matmul";
  c.format = dtype_info(dtype).name;
  c.shape = s.text();
  c.flops = 2.0 * s.m * s.n * s.k;
  c.bytes = w_bytes + 4.0 * s.m * (s.n + s.k);
  c.memory_bound = s.m <= 8;
  c.run = [d](const KernelTable& table, Queue& queue) {
    d->next = (d->next + 1) % d->w.size();
    d->p.w.data = d->w[d->next].data();
    table.matmul(d->p, queue);
  };
  c.error = [d, s](Queue& queue) {
    MatmulProblem p = d->p;
    p.m = std::min(kCheckedTokens, s.m);
    Floats expected(static_cast<size_t>(p.m * s.n));
    p.y = expected.data();
    reference_table().matmul(p, queue);
    return relative_error(d->y.data(), expected);
  };
  return c;
}

Case backward_case(DType dtype, Shape s) {
  struct Data {
    std::vector<uint8_t> w;
    Floats dy, dx;
    MatmulBackwardProblem p;
  };
  auto d = std::make_shared<Data>();
  d->w = random_weights(dtype, s.n, s.k);
  d->dy = random_floats(s.m * s.n, 1);
  d->dx.resize(static_cast<size_t>(s.m * s.k));
  d->p = {.dy = d->dy.data(),
          .dy_stride = s.n,
          .w = {d->w.data(), dtype, s.n, s.k},
          .dx = d->dx.data(),
          .dx_stride = s.k,
          .m = s.m};
  Case c;
  c.op = "matmul_backward";
  c.format = dtype_info(dtype).name;
  c.shape = s.text();
  c.flops = 2.0 * s.m * s.n * s.k;
  c.bytes = static_cast<double>(d->w.size()) + 4.0 * s.m * (s.n + s.k);
  c.run = [d](const KernelTable& table, Queue& queue) { table.matmul_backward(d->p, queue); };
  c.error = [d, s](Queue& queue) {
    MatmulBackwardProblem p = d->p;
    p.m = std::min(kCheckedTokens, s.m);
    Floats expected(static_cast<size_t>(p.m * s.k));
    p.dx = expected.data();
    reference_table().matmul_backward(p, queue);
    return relative_error(d->dx.data(), expected);
  };
  return c;
}

Case weight_gradient_case(Shape s) {
  struct Data {
    Floats dy, x, dw;
    WeightGradientProblem p;
  };
  auto d = std::make_shared<Data>();
  d->dy = random_floats(s.m * s.n, 1);
  d->x = random_floats(s.m * s.k, 2);
  d->dw.resize(static_cast<size_t>(s.n * s.k));
  d->p = {.dy = d->dy.data(),
          .dy_stride = s.n,
          .x = d->x.data(),
          .x_stride = s.k,
          .dw = d->dw.data(),
          .m = s.m,
          .n = s.n,
          .k = s.k};
  Case c;
  c.op = "weight_gradient";
  c.format = "F32";
  c.shape = s.text();
  c.flops = 2.0 * s.m * s.n * s.k;
  c.bytes = 4.0 * (s.m * (s.n + s.k) + 2 * s.n * s.k);
  c.memory_bound = std::min(s.n, s.k) <= 32;
  c.run = [d](const KernelTable& table, Queue& queue) {
    std::fill(d->dw.begin(), d->dw.end(), 0.0f);
    table.weight_gradient(d->p, queue);
  };
  c.error = [d, s](Queue& queue) {
    WeightGradientProblem p = d->p;
    p.n = std::min<int64_t>(kCheckedTokens, s.n);
    Floats expected(static_cast<size_t>(p.n * s.k));
    p.dw = expected.data();
    reference_table().weight_gradient(p, queue);
    return relative_error(d->dw.data(), expected);
  };
  return c;
}

struct AttentionShape {
  int64_t q_tokens, kv_tokens;
  int32_t heads, kv_heads, dim;
};

struct AttentionData {
  Floats q, k, v, o, lse, d_o, dq, dk, dv;
  AttentionSpan span;
  AttentionProblem p;
  AttentionBackwardProblem backward;
};

std::shared_ptr<AttentionData> attention_data(AttentionShape s) {
  auto d = std::make_shared<AttentionData>();
  const int64_t width = int64_t{s.heads} * s.dim, kv_width = int64_t{s.kv_heads} * s.dim;
  d->q = random_floats(s.q_tokens * width, 1);
  d->k = random_floats(s.kv_tokens * kv_width, 2);
  d->v = random_floats(s.kv_tokens * kv_width, 3);
  d->d_o = random_floats(s.q_tokens * width, 4);
  d->o.resize(d->q.size());
  d->dq.resize(d->q.size());
  d->dk.resize(d->k.size());
  d->dv.resize(d->k.size());
  d->lse.resize(static_cast<size_t>(s.q_tokens * s.heads));
  d->span = {0, s.q_tokens, 0, s.kv_tokens};
  d->p = {.q = d->q.data(),
          .k = d->k.data(),
          .v = d->v.data(),
          .o = d->o.data(),
          .lse = d->lse.data(),
          .q_stride = width,
          .kv_stride = kv_width,
          .o_stride = width,
          .n_heads = s.heads,
          .n_kv_heads = s.kv_heads,
          .head_dim = s.dim,
          .scale = 1.0f / std::sqrt(static_cast<float>(s.dim)),
          .spans = &d->span,
          .n_spans = 1,
          .role = s.q_tokens == 1 ? Role::kGenerated : Role::kPrompt};
  d->backward = {.forward = d->p, .d_o = d->d_o.data(), .dq = d->dq.data(), .dk = d->dk.data(), .dv = d->dv.data()};
  return d;
}

Case attention_case(AttentionShape s, bool backward) {
  auto d = attention_data(s);
  const double pairs = s.q_tokens * (s.kv_tokens - 0.5 * (s.q_tokens - 1.0));
  Case c;
  c.op = backward ? "attention_backward" : s.q_tokens == 1 ? "attention_decode" : "attention";
  c.format = "F32";
  c.shape = "q" + std::to_string(s.q_tokens) + " kv" + std::to_string(s.kv_tokens) + " h" + std::to_string(s.heads) +
            "/" + std::to_string(s.kv_heads) + " d" + std::to_string(s.dim);
  c.flops = pairs * s.heads * s.dim * (backward ? 10.0 : 4.0);  // recomputed scores counted once
  c.bytes = 4.0 * (d->q.size() * 2 + d->k.size() * 2);
  c.memory_bound = s.q_tokens == 1;
  c.run = [d, backward](const KernelTable& table, Queue& queue) {
    if (backward && d->lse[0] == 0.0f) table.attention(d->p, queue);
    if (backward)
      table.attention_backward(d->backward, queue);
    else
      table.attention(d->p, queue);
  };
  c.error = [d, backward](Queue& queue) {
    const Floats actual = backward ? d->dk : d->o;
    Floats expected(actual.size());
    if (backward) {
      AttentionBackwardProblem p = d->backward;
      p.dk = expected.data();
      reference_table().attention_backward(p, queue);
    } else {
      AttentionProblem p = d->p;
      p.o = expected.data();
      reference_table().attention(p, queue);
    }
    return relative_error(actual.data(), expected);
  };
  return c;
}

// A streaming op: `run(table, pool, data)` over buffers of n floats; data[0] is checked.
Case streaming_case(const std::string& op, int64_t n, int buffers, double flops, double bytes,
                    std::function<void(const KernelTable&, Queue&, std::vector<Floats>&)> run) {
  std::vector<Floats> initial;
  for (int i = 0; i < buffers; ++i) initial.push_back(random_floats(n, static_cast<uint64_t>(i) + 1));
  auto data = std::make_shared<std::vector<Floats>>(initial);
  Case c;
  c.op = op;
  c.format = "F32";
  c.shape = "n" + std::to_string(n);
  c.flops = flops * static_cast<double>(n);
  c.bytes = bytes * static_cast<double>(n);
  c.memory_bound = true;
  c.run = [data, run](const KernelTable& table, Queue& queue) { run(table, queue, *data); };
  c.error = [data, run, before = initial](Queue& queue) mutable {
    std::vector<Floats> expected = *data;  // one more step from where the timed runs ended
    run(reference_table(), queue, expected);
    std::vector<Floats> actual = *data;
    run(select_table(CpuPath::kAuto), queue, actual);
    return relative_error(actual[0].data(), expected[0]);
  };
  return c;
}

void streaming_cases(const std::function<void(Case&&)>& add) {
  constexpr int64_t kM = 512, kD = 2048, kN = kM * kD;
  add(streaming_case("rms_norm", kN, 3, 4, 8, [](const KernelTable& t, Queue& queue, std::vector<Floats>& d) {
    t.rms_norm(
        {.x = d[1].data(), .weight = d[2].data(), .y = d[0].data(), .m = kM, .d = kD, .x_stride = kD, .y_stride = kD},
        queue);
  }));
  add(streaming_case("gated_activation", kN, 3, 10, 12, [](const KernelTable& t, Queue& queue, std::vector<Floats>& d) {
    t.gated_activation({.gate = d[1].data(), .up = d[2].data(), .y = d[0].data(), .n = kN}, queue);
  }));
  add(streaming_case("dropout", kN, 2, 1, 8, [](const KernelTable& t, Queue& queue, std::vector<Floats>& d) {
    t.dropout({.x = d[1].data(), .y = d[0].data(), .n = kN, .probability = 0.1f, .seed = 1, .stream = 2}, queue);
  }));
  add(streaming_case("cross_entropy", 64 * 32000, 2, 10, 12,
                     [](const KernelTable& t, Queue& queue, std::vector<Floats>& d) {
                       static const std::vector<int32_t> targets(64, 5);
                       static const Floats weights(64, 1.0f);
                       std::vector<double> losses(64);
                       std::vector<uint8_t> correct(64);
                       d[0] = d[1];
                       t.cross_entropy({.logits = d[0].data(),
                                        .targets = targets.data(),
                                        .weights = weights.data(),
                                        .losses = losses.data(),
                                        .correct = correct.data(),
                                        .m = 64,
                                        .v = 32000,
                                        .gradient = true},
                                       queue);
                     }));
  add(streaming_case("adamw", kN, 4, 12, 32, [](const KernelTable& t, Queue& queue, std::vector<Floats>& d) {
    for (float& v : d[3]) v = v < 0 ? -v : v;  // a second moment is never negative
    t.adamw({.parameter = d[0].data(),
             .gradient = d[1].data(),
             .moment1 = d[2].data(),
             .moment2 = d[3].data(),
             .n = kN,
             .step = 5,
             .learning_rate = 1e-3f},
            queue);
  }));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

void for_each_case(const Filter& filter, const std::function<void(Case&)>& visit) {
  const auto wanted = [&](const char* op, const char* format) {
    return contains(op, filter.op) && contains(format, filter.format);
  };
  constexpr DType kFormats[] = {DType::kQ4_0, DType::kQ8_0, DType::kQ4_K, DType::kQ6_K,
                                DType::kQ5_0, DType::kF16,  DType::kBF16, DType::kF32};
  const auto add = [&](Case&& c) {
    if (wanted(c.op.c_str(), c.format.c_str())) visit(c);
  };
  const auto products = [&](DType dtype, const Shape& s, std::initializer_list<int64_t> tokens) {
    const char* name = dtype_info(dtype).name;
    for (const int64_t m : tokens)
      if (wanted(m <= 8 ? "matmul_decode" : "matmul", name)) add(matmul_case(dtype, {m, s.n, s.k}));
    if (wanted("matmul_backward", name)) add(backward_case(dtype, {512, s.n, s.k}));
  };
  for (const DType dtype : kFormats)
    // llama-3.2-1b, qwen2.5-0.5b, smollm2-135m: gate/up and down projections
    for (const Shape s : {Shape{0, 8192, 2048}, Shape{0, 2048, 8192}, Shape{0, 4864, 896}, Shape{0, 1536, 576}})
      if (s.k % dtype_info(dtype).block_elements == 0) products(dtype, s, {1, 4, 64, 512});
  // The other formats on one shape. Those that no vector decoder knows are decoded by the scalar codec, a panel at a
  // time.
  constexpr DType kRarer[] = {DType::kQ4_1,    DType::kQ5_1,   DType::kQ2_K,   DType::kQ3_K,    DType::kQ5_K,
                              DType::kIQ4_NL,  DType::kIQ4_XS, DType::kMXFP4,  DType::kNVFP4,   DType::kIQ3_S,
                              DType::kIQ3_XXS, DType::kIQ2_S,  DType::kIQ2_XS, DType::kIQ2_XXS, DType::kIQ1_S,
                              DType::kIQ1_M,   DType::kTQ1_0,  DType::kTQ2_0};
  for (const DType dtype : kRarer) products(dtype, {0, 8192, 2048}, {1, 512});
  for (const Shape s : {Shape{512, 2048, 2048}, Shape{512, 16, 2048}, Shape{512, 2048, 16}})
    if (wanted("weight_gradient", "F32")) add(weight_gradient_case(s));
  for (const Shape s : {Shape{512, 16, 2048}, Shape{512, 2048, 16}})
    if (wanted("matmul", "F32")) add(matmul_case(DType::kF32, s));
  for_each_low_rank_case([&](Case&& c) { add(std::move(c)); });
  for (const AttentionShape s :
       {AttentionShape{512, 512, 32, 8, 64}, AttentionShape{512, 512, 9, 3, 64}, AttentionShape{512, 512, 16, 16, 64},
        AttentionShape{1024, 1024, 8, 2, 128}, AttentionShape{512, 512, 8, 8, 80}}) {
    if (wanted("attention", "F32")) add(attention_case(s, false));
    if (wanted("attention_backward", "F32")) add(attention_case(s, true));
  }
  if (wanted("attention", "F32")) add(attention_case({128, 4096, 32, 8, 64}, false));
  if (wanted("attention_decode", "F32")) add(attention_case({1, 4096, 32, 8, 64}, false));
  streaming_cases(add);
}

}  // namespace chaku::bench
