#include "model/linear.h"

#include <algorithm>
#include <array>

namespace chaku {

const float* drop_input(const Decoder& decoder, const float* x, int64_t n, uint64_t stream, float* dropped) noexcept {
  if (decoder.dropout.probability == 0.0f) return x;
  decoder.engine->run(&KernelTable::dropout,
                      DropoutProblem{x, dropped, n, decoder.dropout.probability, decoder.dropout.seed, stream});
  return dropped;
}

LinearCall linear_call(const Decoder& decoder, int32_t layer, LayerLinear which, const Activations& a) noexcept {
  const size_t l = static_cast<size_t>(layer);
  LinearCall call;
  call.linear = &decoder.weights->layers[l].linears[which];
  call.low_rank = decoder.low_rank(layer, which);
  call.low_rank_out = a.blocks[l].low_rank[which];
  call.product = a.blocks[l].products[which];
  call.layer = layer;
  call.which = which;
  call.dropout_stream = decoder.dropout.stream(layer, kLinearModules[which]);
  call.dropped = a.dropped;
  return call;
}

namespace {

// The kernel does not scale the bias: then the product with the bias is summed apart.
bool bias_apart(const LinearCall& call) noexcept {
  return call.linear->bias != nullptr && call.scale != 1.0f && !is_magnified(call.low_rank);
}

MatmulProblem base_product(const LinearCall& call) noexcept {
  const Linear& linear = *call.linear;
  const bool apart = bias_apart(call);
  MatmulProblem p;
  p.x = call.x;
  p.x_stride = linear.w.columns;
  p.w = linear.w;
  p.bias = linear.bias;
  p.y = apart ? call.bias_sum : call.y;
  p.y_stride = linear.w.rows;
  p.m = call.m;
  p.scale = apart ? 1.0f : call.scale;
  p.accumulate = !apart && call.accumulate;
  if (call.low_rank != nullptr) p.tail = low_rank_tail(*call.low_rank, call.low_rank_out, linear.w.rows);
  if (!is_magnified(call.low_rank)) return p;
  p.bias = nullptr;
  p.y = call.product;
  p.scale = 1.0f;
  p.accumulate = false;
  return p;
}

// What magnitudes make of the product.
void magnify(const Decoder& decoder, const LinearCall& call) noexcept {
  if (!is_magnified(call.low_rank)) return;
  decoder.engine->run(&KernelTable::magnify,
                      MagnifyProblem{call.product, call.low_rank->factors, call.linear->bias, call.y, call.m,
                                     call.linear->w.rows, call.scale, call.accumulate});
}

// Calls that need a scratch array which all calls share run one by one.
bool shares_scratch(const Decoder& decoder, const LinearCall& call) noexcept {
  return bias_apart(call) || (call.low_rank != nullptr && decoder.dropout.probability != 0.0f);
}

// Products of the calls, as many as find room run as one.
struct Together {
  const Decoder& decoder;
  std::array<MatmulProblem, 2 * kMostLinears> problems = {};
  int64_t n = 0;

  void add(const MatmulProblem& p) noexcept {
    if (n == static_cast<int64_t>(problems.size())) run();
    problems[static_cast<size_t>(n)] = p;
    decoder.set_arithmetic(problems[static_cast<size_t>(n++)]);
  }
  void run() noexcept {
    if (n > 0) decoder.engine->run(&KernelTable::matmul_group, MatmulGroup{problems.data(), n});
    n = 0;
  }
};

void sum_bias_apart(const Decoder& decoder, const LinearCall& call) noexcept {
  if (bias_apart(call))
    decoder.engine->run(&KernelTable::axpby, AxpbyProblem{call.bias_sum, call.y, call.m * call.linear->w.rows,
                                                          call.scale, call.accumulate ? 1.0f : 0.0f});
}

// Whether any row of a call wears an addition to its product.
bool any_worn(const Decoder& decoder, const LinearCall& call) noexcept {
  bool any = false;
  decoder.for_worn(call.layer, call.which, call.m,
                   [&](int64_t, int64_t, const LowRank* low_rank) { any = any || low_rank != nullptr; });
  return any;
}

// run(call, begin, end, low rank, its low_rank_out) for what calls add to rows that wear the same: those of one adapter
// read the same x one after another.
template <class Run>
void for_low_ranks(const Decoder& decoder, std::span<const LinearCall> calls, const Run& run) noexcept {
  for (const WornRows& rows : decoder.worn)
    for (const LinearCall& call : calls)
      decoder.for_rows_of(rows, call.layer, call.which, call.m,
                          [&](int64_t begin, int64_t end, const LowRank* low_rank) {
                            if (low_rank != nullptr)
                              run(call, begin, end, *low_rank, call.low_rank_out + begin * decoder.worn_rank);
                          });
}

// A call's product for all rows, with what of low rank rows add in its tails, from `tails` on.
MatmulProblem product_with_tails(const Decoder& decoder, const LinearCall& call, TailOfRows* tails) noexcept {
  MatmulProblem p = base_product(call);
  p.tails = tails;
  for_low_ranks(decoder, {&call, 1},
                [&](const LinearCall&, int64_t begin, int64_t end, const LowRank& low_rank, const float* out) {
                  tails[p.n_tails++] = {begin, end, low_rank_tail(low_rank, out, p.w.rows)};
                });
  return p;
}

// One product with each weight for all rows, and what each adapter adds to those that wear it: behind it to generated
// tokens, in its tails to prompts.
void apply_worn(const Decoder& decoder, std::span<const LinearCall> calls) noexcept {
  Together products{decoder};
  for_low_ranks(decoder, calls,
                [&](const LinearCall& call, int64_t begin, int64_t end, const LowRank& low_rank, float* out) {
                  const int64_t k = call.linear->w.columns;
                  products.add(down_product(low_rank, call.x + begin * k, k, end - begin, out));
                });
  const bool behind = decoder.role == Role::kGenerated;
  for (size_t i = 0; i < calls.size(); ++i)
    products.add(behind ? base_product(calls[i])
                        : product_with_tails(decoder, calls[i], decoder.tails + i * decoder.worn.size()));
  products.run();
  if (behind)
    for_low_ranks(decoder, calls,
                  [&](const LinearCall& call, int64_t begin, int64_t end, const LowRank& low_rank, float* out) {
                    products.add(up_product(low_rank, out, base_product(call), begin, end));
                  });
  products.run();
  for (const LinearCall& call : calls) sum_bias_apart(decoder, call);
}

// Rows [begin, end) of a call, which wear one addition.
LinearCall part_of(const Decoder& decoder, const LinearCall& call, int64_t begin, int64_t end,
                   const LowRank* low_rank) noexcept {
  LinearCall part = call;
  part.x += begin * call.linear->w.columns;
  part.y += begin * call.linear->w.rows;
  if (part.bias_sum != nullptr) part.bias_sum += begin * call.linear->w.rows;
  part.m = end - begin;
  part.low_rank = low_rank;
  part.low_rank_out += begin * decoder.worn_rank;
  return part;
}

}  // namespace

void share_low_rank_out(float* memory, int64_t n_floats, Activations& a) noexcept {
  for (BlockActivations& block : a.blocks)
    for (size_t i = 0; i < block.low_rank.size(); ++i)
      block.low_rank[i] = memory + static_cast<int64_t>(i) % kLinearsTogether * n_floats;
}

MatmulProblem down_product(const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                           float* low_rank_out) noexcept {
  MatmulProblem p;
  p.x = input;
  p.x_stride = k;
  p.w = {low_rank.a, DType::kF32, low_rank.rank, k};
  p.y = low_rank_out;
  p.y_stride = low_rank.rank;
  p.m = m;
  return p;
}

void low_rank_down(const Decoder& decoder, const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                   float* low_rank_out) noexcept {
  MatmulProblem p = down_product(low_rank, input, k, m, low_rank_out);
  decoder.set_arithmetic(p);
  decoder.engine->run(&KernelTable::matmul, p);
}

LowRankTail low_rank_tail(const LowRank& low_rank, const float* low_rank_out, int64_t n) noexcept {
  return {low_rank_out, low_rank.rank, {low_rank.b, DType::kF32, n, low_rank.rank}, low_rank.scale};
}

MatmulProblem up_product(const LowRank& low_rank, const float* low_rank_out, const MatmulProblem& base, int64_t begin,
                         int64_t end) noexcept {
  MatmulProblem p;
  p.x = low_rank_out;
  p.x_stride = low_rank.rank;
  p.w = {low_rank.b, DType::kF32, base.w.rows, low_rank.rank};
  p.y = base.y + begin * base.y_stride;
  p.y_stride = base.y_stride;
  p.m = end - begin;
  p.scale = base.scale * low_rank.scale;
  p.accumulate = true;
  return p;
}

namespace {

// Calls whose rows all wear what their low_rank says, or nothing.
void apply_alike(const Decoder& decoder, std::span<const LinearCall> calls) noexcept {
  Together products{decoder};  // those of A before those that add what they make
  for (const LinearCall& call : calls) {
    const int64_t k = call.linear->w.columns;
    if (call.low_rank == nullptr) continue;
    const float* input = drop_input(decoder, call.x, call.m * k, call.dropout_stream, call.dropped);
    products.add(down_product(*call.low_rank, input, k, call.m, call.low_rank_out));
  }
  for (const LinearCall& call : calls) products.add(base_product(call));
  products.run();
  for (const LinearCall& call : calls) sum_bias_apart(decoder, call);
  for (const LinearCall& call : calls) magnify(decoder, call);
}

// Calls one after another by what their rows wear.
void apply_parts(const Decoder& decoder, std::span<const LinearCall> calls) noexcept {
  for (const WornRows& rows : decoder.worn) {
    std::array<LinearCall, kMostLinears> parts;
    size_t n = 0;
    for (const LinearCall& call : calls) {
      const int64_t first = decoder.worn.back().end - call.m, begin = std::max(rows.begin, first);
      if (begin >= rows.end) continue;
      const LowRank* low_rank = rows.low_ranks == nullptr ? nullptr : rows.low_ranks->find(call.layer, call.which);
      parts[n++] = part_of(decoder, call, begin - first, rows.end - first, low_rank);
    }
    if (n > 0) apply_alike(decoder, {parts.data(), n});
  }
}

}  // namespace

void apply_linears(const Decoder& decoder, std::span<const LinearCall> calls) noexcept {
  if (calls.size() > 1)
    for (const LinearCall& call : calls)
      if (shares_scratch(decoder, call)) {
        for (const LinearCall& one : calls) apply_linears(decoder, {&one, 1});
        return;
      }
  if (decoder.inputs != nullptr)
    for (const LinearCall& call : calls) decoder.inputs->add(*call.linear, call.x, call.m);
  bool worn = false;
  for (const LinearCall& call : calls) worn = worn || any_worn(decoder, call);
  if (!worn) return apply_alike(decoder, calls);
  const bool together = decoder.role == Role::kGenerated || decoder.engine->device().kernels().tails_of_rows;
  together ? apply_worn(decoder, calls) : apply_parts(decoder, calls);
}

}  // namespace chaku
