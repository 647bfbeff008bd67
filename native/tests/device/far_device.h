// A device whose memory the host cannot touch: the host's kernels over pages that are closed except while a kernel or a
// copy runs. Buffers of a HostArena are closed while kernels run. Whoever follows a pointer of the other side ends by a
// signal; where a kernel would be given the host's own arrays by mistake, the pointer is asked for.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <span>

#include "base/error.h"
#include "device/choice.h"

namespace chaku::test {

// Pages that open and close together; memory is handed out and never taken back.
class Arena {
 public:
  explicit Arena(int64_t n_bytes, bool open) : n_bytes_(n_bytes), open_(open) {
    void* base = mmap(nullptr, static_cast<size_t>(n_bytes), open ? PROT_READ | PROT_WRITE : PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) fail(Code::kOutOfMemory, "[arena] expected an address range, got none");
    base_ = static_cast<std::byte*>(base);
  }
  ~Arena() { munmap(base_, static_cast<size_t>(n_bytes_)); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Zeroed, 64-byte aligned.
  std::byte* take(int64_t n_bytes) {
    const int64_t rounded = (n_bytes + 63) / 64 * 64;
    if (rounded > n_bytes_ - used_) fail(Code::kOutOfMemory, "[arena] expected room, got none");
    std::byte* at = base_ + used_;
    used_ += rounded;
    return at;
  }
  bool holds(const void* at) const noexcept {
    const auto* byte = static_cast<const std::byte*>(at);
    return byte >= base_ && byte < base_ + n_bytes_;
  }
  void set_open(bool open) noexcept {
    if (open == open_) return;
    if (mprotect(base_, static_cast<size_t>(n_bytes_), open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) std::abort();
    open_ = open;
  }

 private:
  int64_t n_bytes_, used_ = 0;
  std::byte* base_ = nullptr;
  bool open_;
};

inline constexpr int64_t kFarBytes = int64_t{1} << 32, kHostBytes = int64_t{1} << 24;

// One far device at a time; it is used from one thread, and its kernels from those of its queue.
struct FarMemory {
  Arena device{kFarBytes, false}, host{kHostBytes, true};
  const KernelTable* kernels = nullptr;
};
inline FarMemory* far_memory = nullptr;

// A buffer that callers hand to the core: closed while kernels run.
template <class T>
std::span<T> host_copy(std::span<const T> values) {
  T* at = reinterpret_cast<T*>(far_memory->host.take(static_cast<int64_t>(values.size_bytes())));
  std::memcpy(at, values.data(), values.size_bytes());
  return {at, values.size()};
}

inline void expect_far(const char* what, std::initializer_list<const void*> pointers) {
  for (const void* at : pointers)
    if (at != nullptr && !far_memory->device.holds(at)) {
      std::fprintf(stderr, "%s was given the host's memory\n", what);
      std::abort();
    }
}

// What an op reads beside activations: the arrays that somebody might have left on the host.
template <class Problem>
void check_pointers(const Problem&) {}
inline void check_pointers(const MatmulProblem& p) {
  expect_far("matmul", {p.x, p.w.data, p.bias, p.y, p.tail.x});
  for (int64_t i = 0; i < p.n_tails; ++i) expect_far("matmul", {p.tails[i].tail.x, p.tails[i].tail.w.data});
}
inline void check_pointers(const MatmulGroup& g) {
  for (int64_t i = 0; i < g.n; ++i) check_pointers(g.problems[i]);
}
inline void check_pointers(const MatmulBackwardProblem& p) {
  expect_far("matmul_backward", {p.dy, p.w.data, p.dx, p.tail.x});
}
inline void check_pointers(const MatmulBackwardGroup& g) {
  for (int64_t i = 0; i < g.n; ++i) check_pointers(g.problems[i]);
}
inline void check_pointers(const WeightGradientProblem& p) {
  expect_far("weight_gradient", {p.dy, p.x, p.dw, p.dbias});
}
inline void check_pointers(const WeightGradientGroup& g) {
  for (int64_t i = 0; i < g.n; ++i) check_pointers(g.problems[i]);
}
inline void check_pointers(const GatherProblem& p) { expect_far("gather", {p.w.data, p.ids, p.y}); }
inline void check_pointers(const ScatterGradientProblem& p) { expect_far("scatter_gradient", {p.dy, p.ids, p.dw}); }
inline void check_pointers(const ScatterRowsProblem& p) { expect_far("scatter_rows", {p.x, p.ids, p.y}); }
inline void check_pointers(const CopyRowsProblem& p) { expect_far("copy_rows", {p.x, p.y}); }
inline void check_pointers(const FillProblem& p) { expect_far("fill", {p.y}); }
inline void check_pointers(const UniformProblem& p) { expect_far("uniform", {p.y}); }
inline void check_pointers(const EncodeRowsProblem& p) { expect_far("encode_rows", {p.x, p.y, p.ids}); }
inline void check_pointers(const DecodeRowsProblem& p) { expect_far("decode_rows", {p.w.data, p.y}); }
inline void check_pointers(const MergeRowsProblem& p) { expect_far("merge_rows", {p.w.data, p.a, p.b, p.y}); }
inline void check_pointers(const MagnifyProblem& p) { expect_far("magnify", {p.p, p.factors, p.bias, p.y}); }
inline void check_pointers(const MagnifyBackwardProblem& p) {
  expect_far("magnify_backward", {p.dy, p.factors, p.inverse_lengths, p.p, p.dm});
}
inline void check_pointers(const RowSquaresProblem& p) { expect_far("row_squares", {p.w.data, p.squares}); }
inline void check_pointers(const RowLengthsProblem& p) {
  expect_far("row_lengths", {p.squares, p.b, p.u, p.h, p.magnitudes, p.inverse_lengths, p.factors});
}
inline void check_pointers(const AddLowRankProblem& p) { expect_far("add_low_rank", {p.x, p.c, p.d, p.y}); }
inline void check_pointers(const RoundAlongProblem& p) {
  expect_far("round_along", {p.x, p.base, p.importance, p.v, p.u, p.y});
}
inline void check_pointers(const CompareChangeProblem& p) {
  expect_far("compare_change", {p.base, p.wanted, p.written, p.weights, p.sums, p.weighted});
}
inline void check_pointers(const ColumnSquaresProblem& p) { expect_far("column_squares", {p.x, p.sums}); }
inline void check_pointers(const RopeTableProblem& p) {
  expect_far("rope_table", {p.positions, p.frequencies, p.cosines, p.sines});
}
inline void check_pointers(const PositionFactorsProblem& p) {
  expect_far("position_factors", {p.positions, p.factors});
}
inline void check_pointers(const SortSlotsProblem& p) {
  expect_far("sort_slots", {p.ids, p.weights, p.slots, p.tokens, p.slot_weights, p.counts, p.offsets});
}
inline void check_pointers(const BalanceLossProblem& p) { expect_far("balance_loss", {p.logits, p.counts, p.result}); }
inline void check_pointers(const RouteBackwardProblem& p) {
  expect_far("route_backward", {p.forward.logits, p.forward.ids, p.d_weights, p.counts, p.d_logits});
}
inline void check_pointers(const CombineRowsProblem& p) { expect_far("combine_rows", {p.x, p.rows, p.y}); }
inline void check_pointers(const MeanRowsProblem& p) { expect_far("mean_rows", {p.x, p.begins, p.ends, p.y}); }
inline void check_pointers(const ScaleRowsProblem& p) { expect_far("scale_rows", {p.x, p.factors}); }
inline void check_pointers(const SquaredNormProblem& p) { expect_far("squared_norm", {p.x, p.result}); }
inline void check_pointers(const CrossEntropyProblem& p) {
  expect_far("cross_entropy", {p.logits, p.targets, p.weights, p.losses, p.correct});
}
inline void check_pointers(const EncodeMomentsProblem& p) { expect_far("encode_moments", {p.x, p.codes, p.scales}); }
inline void check_pointers(const DecodeMomentsProblem& p) { expect_far("decode_moments", {p.x, p.codes, p.scales}); }
inline void check_pointers(const RmsNormProblem& p) { expect_far("rms_norm", {p.x, p.weight, p.y, p.inverse_rms}); }
inline void check_pointers(const LayerNormProblem& p) { expect_far("layer_norm", {p.x, p.weight, p.bias, p.y}); }
inline void check_pointers(const AttentionProblem& p) {
  expect_far("attention", {p.q, p.k, p.v, p.k_encoded, p.v_encoded, p.o, p.lse, p.sinks, p.slopes});
  for (int64_t s = 0; s < p.n_spans; ++s) expect_far("attention", {p.spans[s].blocks});
}
inline void check_pointers(const CausalConvolutionProblem& p) {
  expect_far("causal_convolution", {p.x, p.w, p.y});
  for (int64_t s = 0; p.states != nullptr && s < p.n_spans; ++s)
    expect_far("causal_convolution", {p.states[s].in, p.states[s].out});
}
inline void check_pointers(const DeltaRuleProblem& p) {
  expect_far("delta_rule", {p.q, p.beta, p.alpha, p.rate, p.o});
  for (int64_t s = 0; p.states != nullptr && s < p.n_spans; ++s)
    expect_far("delta_rule", {p.states[s].in, p.states[s].out});
}
inline void check_pointers(const AttentionBackwardProblem& p) {
  check_pointers(p.forward);
  expect_far("attention_backward", {p.d_o, p.dq, p.dk, p.dv});
}

template <auto Member>
struct FarKernel;
template <class Problem, Kernel<Problem> KernelTable::* Member>
struct FarKernel<Member> {
  static void run(const Problem& problem, Queue& queue) {
    check_pointers(problem);
    far_memory->host.set_open(false);
    far_memory->device.set_open(true);
    (far_memory->kernels->*Member)(problem, queue);
    far_memory->device.set_open(false);
    far_memory->host.set_open(true);
  }
};

// Every entry of the table, by name.
// clang-format off: it does not come to rest on this
#define CHAKU_KERNELS(X) \
  X(matmul) X(matmul_group) X(matmul_backward) X(matmul_backward_group) X(weight_gradient) \
  X(weight_gradient_group) X(gather) X(scatter_gradient) X(attention) X(attention_backward) \
  X(causal_convolution) X(causal_convolution_backward) X(delta_rule) X(delta_rule_backward) X(sink_gradient) \
  X(rms_norm) X(rms_norm_backward) X(layer_norm) X(layer_norm_backward) X(rope) X(route) X(route_backward) \
  X(balance_loss) X(combine_rows) X(scale_rows) X(row_dots) X(gated_activation) X(gated_activation_backward) \
  X(axpby) X(clamp) X(soft_cap) X(dropout) X(squared_norm) X(cross_entropy) X(adamw) X(lion) X(encode_moments) X(decode_moments) X(copy_rows) X(mean_rows) X(scatter_rows) \
  X(fill) X(encode_rows) X(decode_rows) X(merge_rows) X(magnify) X(magnify_backward) X(row_squares) X(row_lengths) X(add_low_rank) X(round_along) X(compare_change) \
  X(column_squares) X(uniform) X(rope_table) X(position_factors) X(sort_slots) X(sigmoid) X(sigmoid_backward)
// clang-format on

inline const KernelTable& far_table(const KernelTable& near) {
  static KernelTable table;
  table = near;
#define CHAKU_FAR(name) table.name = FarKernel<&KernelTable::name>::run;
  CHAKU_KERNELS(CHAKU_FAR)
#undef CHAKU_FAR
#define CHAKU_ONE(name) +1
  static_assert(sizeof(KernelTable) == offsetof(KernelTable, matmul) + (0 CHAKU_KERNELS(CHAKU_ONE)) * sizeof(void*),
                "a kernel is missing in the list above");
#undef CHAKU_ONE
  return table;
}

class FarDevice final : public Device {
 public:
  FarDevice(int n_threads, CpuPath path) : Device(far_table(select_table(path)), threads_), threads_(n_threads) {
    memory_.kernels = &select_table(path);
    far_memory = &memory_;
  }
  ~FarDevice() override { far_memory = nullptr; }

  std::byte* allocate(int64_t n_bytes) const override { return memory_.device.take(n_bytes); }
  void free(std::byte*, int64_t) const noexcept override {}
  void upload(void* to, const void* from, int64_t n_bytes) const noexcept override {
    expect_far("upload", {to});
    copy(to, from, n_bytes);
  }
  void download(void* to, const void* from, int64_t n_bytes) const noexcept override {
    expect_far("download", {from});
    copy(to, from, n_bytes);
  }
  std::byte* allocate_host(int64_t n_bytes) const override {
    return static_cast<std::byte*>(::operator new(static_cast<size_t>(n_bytes), std::align_val_t{64}));
  }
  void free_host(std::byte* data, int64_t) const noexcept override { ::operator delete(data, std::align_val_t{64}); }
  void bring_beside(void* to, const void* from, int64_t n_bytes) const noexcept override { upload(to, from, n_bytes); }
  void keep_beside(void* to, const void* from, int64_t n_bytes) const noexcept override { download(to, from, n_bytes); }
  void copies_after_kernels() const noexcept override {}
  void kernels_after_copies() const noexcept override {}
  int64_t available_bytes() const noexcept override { return kFarBytes; }
  bool shares_host_memory() const noexcept override { return false; }

 private:
  void copy(void* to, const void* from, int64_t n_bytes) const noexcept {
    memory_.device.set_open(true);
    if (n_bytes > 0) std::memcpy(to, from, static_cast<size_t>(n_bytes));
    memory_.device.set_open(false);
  }

  mutable FarMemory memory_;
  Queue threads_;
};

}  // namespace chaku::test
