// Gradients of the gated delta rule, by the formulas of reference/delta_rule.cpp in float32: a column of a head's
// memory a warp, as in the forward pass. The states that the way back needs are made anew: kept at the beginning of
// each chunk of sqrt(T) tokens, and for the tokens of one chunk at a time, from the last to the first.
//
// Queries and keys gather from all columns of all value heads that share them: eight columns add up in a block, blocks
// leave parts in scratch memory, and gather_units adds these in their order.
#include <cmath>

#include "kernels/cuda/delta_rule.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {
namespace {

// Some key heads of one span, with the value heads that share them. Heads are counted key head by key head.
struct Pass {
  DeltaRuleBackwardProblem p;  // spans are null
  int64_t begin, end;          // tokens
  int64_t chunk_tokens;
  int first_key_head, n_key_heads, n_shared;  // value heads a key head
  int n_blocks;                               // of columns, a head
  float* checkpoints;                         // [chunks,heads,dv,dk]
  float* states;                              // [chunk_tokens,heads,dv,dk]
  float* later;                               // [heads,dv,dk], G
  float* parts;                               // [heads,n_blocks,chunk_tokens,2 dk + 2]: dq, dk, db, dg

  CHAKU_DEVICE int n_heads() const { return n_key_heads * n_shared; }
  CHAKU_DEVICE int key_head(int head) const { return first_key_head + head / n_shared; }
  CHAKU_DEVICE int value_head(int head) const {
    const int of = head % n_shared;
    return p.forward.tiled ? of * p.forward.n_key_heads + key_head(head) : key_head(head) * n_shared + of;
  }
  CHAKU_DEVICE int64_t at(int64_t token, int head, int column) const {
    return ((token * n_heads() + head) * p.forward.value_dim + column) * p.forward.key_dim;
  }
  CHAKU_DEVICE const float* key(int64_t t, int head) const {
    return p.forward.k + t * p.forward.stride + int64_t{key_head(head)} * p.forward.key_dim;
  }
  CHAKU_DEVICE const float* query(int64_t t, int head) const { return p.forward.q + (key(t, head) - p.forward.k); }
  CHAKU_DEVICE int64_t value_at(int64_t t, int head, int column) const {
    return t * p.forward.stride + int64_t{value_head(head)} * p.forward.value_dim + column;
  }
  CHAKU_DEVICE int64_t part_floats() const { return 2 * int64_t{p.forward.key_dim} + 2; }
  CHAKU_DEVICE float* part(int head, int block, int64_t token) const {
    return parts + ((int64_t{head} * n_blocks + block) * chunk_tokens + token) * part_floats();
  }
};

// Columns of the memory that a block has, one a warp.
template <int kDims>
constexpr int kColumns = kDims <= 8 ? 8 : 4;

template <int kDims>
CHAKU_DEVICE void advance(const Pass& a, int64_t t, int head, int column, float (&memory)[kDims]) {
  const DeltaRuleProblem& f = a.p.forward;
  float k[kDims];
  load_unit(a.key(t, head), f.key_dim, f.epsilon, 1.0f, k);
  const float keep = keep_of(f, t, a.value_head(head));
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) memory[i] *= keep;
  const float u = write_of(f, t, a.value_head(head)) * (f.v[a.value_at(t, head, column)] - lanes_dot(memory, k));
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) memory[i] = fmaf(k[i], u, memory[i]);
}

// grid -> columns, heads; no shared memory; sm_75; 6 dk FLOPs a token and column.
template <int kDims>
__global__ void __launch_bounds__(kColumns<kDims> * 32) keep_checkpoints(const Pass a) {
  const int head = static_cast<int>(blockIdx.y), column = static_cast<int>(blockIdx.x) * kColumns<kDims> + warp_index();
  if (column >= a.p.forward.value_dim) return;
  float memory[kDims] = {};
  for (int64_t t = a.begin; t < a.end; ++t) {
    const int64_t token = t - a.begin;
    if (token % a.chunk_tokens == 0)
      store_lanes(a.checkpoints + a.at(token / a.chunk_tokens, head, column), a.p.forward.key_dim, 1, memory);
    advance(a, t, head, column, memory);
  }
}

template <int kDims>
struct Sums {
  float x[kColumns<kDims>][kDims * 64 + 2];  // dq, dk, db, dg of each column

  // Adds the columns up into n + n + 2 numbers.
  CHAKU_DEVICE void store(float* to, int n) {
    __syncthreads();
    for (int i = thread_index(); i < 2 * n + 2; i += kColumns<kDims> * 32) {
      const int at = i < n ? i : i < 2 * n ? kDims * 32 + i - n : kDims * 64 + i - 2 * n;
      float sum = 0.0f;
      CHAKU_UNROLL
      for (int c = 0; c < kColumns<kDims>; ++c) sum += x[c][at];
      to[i] = sum;
    }
    __syncthreads();
  }
};

// The gradients of one column at token t go to `sums`; `later` moves to the token before.
template <int kDims>
CHAKU_DEVICE void step_back(const Pass& a, int64_t t, int head, int column, const float (&before)[kDims],
                            float (&later)[kDims], float (&sums)[kDims * 64 + 2]) {
  const DeltaRuleProblem& f = a.p.forward;
  const int value_head = a.value_head(head);
  float q[kDims], k[kDims], decayed[kDims];
  load_unit(a.query(t, head), f.key_dim, f.epsilon, 1.0f / sqrtf(static_cast<float>(f.key_dim)), q);
  load_unit(a.key(t, head), f.key_dim, f.epsilon, 1.0f, k);
  const float keep = keep_of(f, t, value_head), write = write_of(f, t, value_head);
  const float d_o = a.p.d_o[(t * f.n_value_heads + value_head) * f.value_dim + column];
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) {
    decayed[i] = keep * before[i];
    later[i] = fmaf(q[i], d_o, later[i]);
  }
  const float error = f.v[a.value_at(t, head, column)] - lanes_dot(decayed, k), u = write * error;
  const float du = lanes_dot(later, k), dr = -write * du;
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) {
    sums[lane_index() + 32 * i] = fmaf(k[i], u, decayed[i]) * d_o;
    sums[kDims * 32 + lane_index() + 32 * i] = fmaf(later[i], u, decayed[i] * dr);
    later[i] = fmaf(k[i], dr, later[i]);
  }
  const float d_keep = lanes_dot(later, before);
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) later[i] *= keep;
  if (lane_index() != 0) return;
  a.p.dv[a.value_at(t, head, column)] = write * du;
  sums[kDims * 64] = du * error;
  sums[kDims * 64 + 1] = d_keep;
}

// grid -> columns, heads; a column's sums a warp in shared memory; 20 dk FLOPs a token and column.
template <int kDims>
__global__ void __launch_bounds__(kColumns<kDims> * 32) chunk_backward(const Pass a, int64_t chunk) {
  CHAKU_SHARED(sums, Sums<kDims>);
  const int n = a.p.forward.key_dim, head = static_cast<int>(blockIdx.y), warp = warp_index();
  const int column = static_cast<int>(blockIdx.x) * kColumns<kDims> + warp;
  const bool valid = column < a.p.forward.value_dim;
  const int64_t begin = a.begin + chunk * a.chunk_tokens, end = min(begin + a.chunk_tokens, a.end);
  float memory[kDims] = {}, later[kDims] = {};
  if (valid) {
    load_lanes(a.checkpoints + a.at(chunk, head, column), n, 1, memory);
    for (int64_t t = begin; t < end; ++t) {
      store_lanes(a.states + a.at(t - begin, head, column), n, 1, memory);
      if (t + 1 < end) advance(a, t, head, column, memory);
    }
    load_lanes(end < a.end ? a.later + a.at(0, head, column) : nullptr, n, 1, later);
  } else {
    for (int i = lane_index(); i < kDims * 64 + 2; i += 32) sums.x[warp][i] = 0.0f;
  }
  for (int64_t t = end - 1; t >= begin; --t) {
    if (valid) {
      load_lanes(a.states + a.at(t - begin, head, column), n, 1, memory);
      step_back(a, t, head, column, memory, later, sums.x[warp]);
    }
    sums.store(a.part(head, static_cast<int>(blockIdx.x), t - begin), n);
  }
  if (valid) store_lanes(a.later + a.at(0, head, column), n, 1, later);
}

// dq and dk of a chunk's tokens: dy, the gradient of y = scale x / |x|, becomes scale (dy - x' (x'.dy)) / |x|.
// grid -> tokens, key heads, q and k: a warp each; bound by memory.
template <int kDims>
__global__ void __launch_bounds__(32) gather_units(const Pass a, int64_t chunk) {
  const DeltaRuleProblem& f = a.p.forward;
  const int64_t token = blockIdx.x, t = a.begin + chunk * a.chunk_tokens + token;
  const int first = static_cast<int>(blockIdx.y) * a.n_shared, n = f.key_dim;
  const bool of_keys = blockIdx.z == 1;
  float x[kDims], dy[kDims] = {};
  for (int head = first; head < first + a.n_shared; ++head)
    for (int block = 0; block < a.n_blocks; ++block) {
      float part[kDims];
      load_lanes(a.part(head, block, token) + (of_keys ? n : 0), n, 1, part);
      CHAKU_UNROLL
      for (int i = 0; i < kDims; ++i) dy[i] += part[i];
    }
  load_lanes(of_keys ? a.key(t, first) : a.query(t, first), n, 1, x);
  const float inverse = inverse_length(x, f.epsilon);
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) x[i] *= inverse;
  // A row that is shorter than epsilon is divided by a constant.
  const float along = inverse < 1.0f / f.epsilon ? lanes_dot(x, dy) : 0.0f;
  const float scale = of_keys ? inverse : inverse / sqrtf(static_cast<float>(n));
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) dy[i] = scale * fmaf(-x[i], along, dy[i]);
  store_lanes((of_keys ? a.p.dk : a.p.dq) + (a.key(t, first) - f.k), n, 1, dy);
}

// grid -> heads; lanes have a chunk's tokens. drate adds up from the last chunk to the first.
__global__ void __launch_bounds__(32) gather_gates(const Pass a, int64_t chunk) {
  const DeltaRuleProblem& f = a.p.forward;
  const int head = static_cast<int>(blockIdx.x), value_head = a.value_head(head);
  const int64_t begin = a.begin + chunk * a.chunk_tokens, n = min(a.chunk_tokens, a.end - begin);
  float d_rate = 0.0f;
  for (int64_t token = lane_index(); token < n; token += 32) {
    float d_write = 0.0f, d_keep = 0.0f;
    for (int block = 0; block < a.n_blocks; ++block) {
      const float* part = a.part(head, block, token) + 2 * int64_t{f.key_dim};
      d_write += part[0];
      d_keep += part[1];
    }
    const int64_t t = begin + token, gate = t * f.n_value_heads + value_head;
    const float write = write_of(f, t, value_head), d_log_keep = d_keep * keep_of(f, t, value_head);
    a.p.dbeta[gate] = d_write * write * (1.0f - write);
    a.p.dalpha[gate] = d_log_keep * f.rate[value_head] * logistic(f.alpha[gate]);
    d_rate = fmaf(d_log_keep, softplus(f.alpha[gate]), d_rate);
  }
  d_rate = warp_sum(d_rate);
  if (lane_index() == 0 && a.p.drate != nullptr) a.p.drate[value_head] += d_rate;
}

// Floats of scratch memory that a key head needs.
int64_t scratch_floats(const Pass& a) {
  const DeltaRuleProblem& f = a.p.forward;
  const int64_t n_chunks = ceil_div(a.end - a.begin, a.chunk_tokens), memory = int64_t{f.value_dim} * f.key_dim;
  return a.n_shared *
         (memory * (n_chunks + a.chunk_tokens + 1) + a.n_blocks * a.chunk_tokens * (2 * int64_t{f.key_dim} + 2));
}

template <int kDims>
void run_pass(const Pass& a, CudaQueue& queue) noexcept {
  const unsigned n_heads = static_cast<unsigned>(a.n_key_heads * a.n_shared);
  const dim3 columns(static_cast<unsigned>(a.n_blocks), n_heads), threads(kColumns<kDims> * 32);
  queue.launch(keep_checkpoints<kDims>, columns, threads, 0, a);
  for (int64_t chunk = ceil_div(a.end - a.begin, a.chunk_tokens) - 1; chunk >= 0; --chunk) {
    const int64_t left = a.end - a.begin - chunk * a.chunk_tokens, n = left < a.chunk_tokens ? left : a.chunk_tokens;
    queue.launch(chunk_backward<kDims>, columns, threads, 0, a, chunk);
    queue.launch(gather_units<kDims>, dim3(static_cast<unsigned>(n), static_cast<unsigned>(a.n_key_heads), 2), dim3(32),
                 0, a, chunk);
    queue.launch(gather_gates, dim3(n_heads), dim3(32), 0, a, chunk);
  }
}

template <int kDims>
void run_span(Pass a, CudaQueue& queue) noexcept {
  const DeltaRuleProblem& f = a.p.forward;
  a.n_blocks = static_cast<int>(ceil_div(f.value_dim, kColumns<kDims>));
  const int64_t floats = scratch_floats(a), room = queue.scratch_bytes() / int64_t{sizeof(float)};
  if (floats > room)
    return queue.note("delta rule: expected " + std::to_string(floats * 4) + " bytes of scratch memory for " +
                      std::to_string(a.end - a.begin) + " tokens, the device's queue has " + std::to_string(room * 4));
  const int64_t memory = int64_t{f.value_dim} * f.key_dim, at_once = room / floats;
  for (a.first_key_head = 0; a.first_key_head < f.n_key_heads; a.first_key_head += a.n_key_heads) {
    const int left = f.n_key_heads - a.first_key_head;
    a.n_key_heads = at_once < left ? static_cast<int>(at_once) : left;
    const int64_t heads = int64_t{a.n_key_heads} * a.n_shared;
    a.checkpoints = reinterpret_cast<float*>(queue.device_scratch());
    a.states = a.checkpoints + ceil_div(a.end - a.begin, a.chunk_tokens) * heads * memory;
    a.later = a.states + a.chunk_tokens * heads * memory;
    a.parts = a.later + heads * memory;
    run_pass<kDims>(a, queue);
  }
}

}  // namespace

void delta_rule_backward(const DeltaRuleBackwardProblem& p, Queue& queue) noexcept {
  CudaQueue& q = cuda_queue(queue);
  const DeltaRuleProblem& f = p.forward;
  for (int64_t s = 0; s < f.n_spans; ++s) {
    Pass a{};
    a.p = p;
    a.p.forward.spans = nullptr;
    a.begin = f.spans[s].q_begin;
    a.end = f.spans[s].q_end;
    if (a.begin == a.end) continue;
    a.chunk_tokens = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(a.end - a.begin))));
    a.n_shared = f.n_value_heads / f.n_key_heads;
    if (f.key_dim <= 128)
      run_span<4>(a, q);
    else if (f.key_dim <= 256)
      run_span<8>(a, q);
    else
      run_span<32>(a, q);
  }
}

}  // namespace chaku::cuda
