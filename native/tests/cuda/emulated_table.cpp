#include "emulated_table.h"

#include <stdexcept>
#include <string>

#include "problem_arrays.h"
#include "staged_memory.h"

namespace chaku::test {
namespace {

Queue& device_queue() {
  static Queue* const queue = [] {
    const char* reason = "";
    Queue* made = device_library().make_queue(0, device_library().scratch_bytes, &reason);
    if (made == nullptr) throw std::runtime_error(reason);
    return made;
  }();
  return *queue;
}

void expect_no_failure() {
  const std::string failure = device_library().failure(device_queue());
  if (!failure.empty()) throw std::runtime_error(failure);
}

const KernelTable& float32_table() noexcept { return *device_library().float32; }
const KernelTable& tensor_table() noexcept { return *device_library().tensor; }

// Spans and states are the host's, but point at what is the device's: copies of them do so.
struct Spans {
  template <class Problem>
  explicit Spans(Problem& p) {
    if constexpr (requires { p.forward.spans; })
      copy(p.forward);
    else if constexpr (requires { p.spans; })
      copy(p);
  }

 private:
  template <class Problem>
  void copy(Problem& p) {
    spans_.assign(p.spans, p.spans + p.n_spans);
    p.spans = spans_.data();
    if constexpr (requires { p.states; }) {
      if (p.states == nullptr) return;
      states_.assign(p.states, p.states + p.n_spans);
      p.states = states_.data();
    }
  }

  std::vector<AttentionSpan> spans_;
  std::vector<RunningState> states_;
};

using TableOf = const KernelTable& (*)() noexcept;

template <TableOf device_table, auto Member>
struct Staged;

template <TableOf device_table, class Problem, Kernel<Problem> KernelTable::* Member>
struct Staged<device_table, Member> {
  static void run(const Problem& problem, Queue& queue) {
    set_order(queue.n_threads());
    StagedMemory memory(device_queue());
    Problem copy = problem;
    Spans spans(copy);
    visit(copy, memory);
    memory.upload();
    visit(copy, memory);
    (device_table().*Member)(copy, device_queue());
    memory.download();
    expect_no_failure();
  }
};

template <TableOf device_table, auto Member>
struct StagedGroup;

template <TableOf device_table, class Group, Kernel<Group> KernelTable::* Member>
struct StagedGroup<device_table, Member> {
  static void run(const Group& group, Queue& queue) {
    set_order(queue.n_threads());
    StagedMemory memory(device_queue());
    std::vector problems(group.problems, group.problems + group.n);
    for (auto& p : problems) visit(p, memory);
    memory.upload();
    for (auto& p : problems) visit(p, memory);
    (device_table().*Member)({problems.data(), group.n}, device_queue());
    memory.download();
    expect_no_failure();
  }
};

template <TableOf device_table>
KernelTable staged() {
  KernelTable all = device_table();
#define CHAKU_STAGED(op) all.op = Staged<device_table, &KernelTable::op>::run;
  CHAKU_STAGED(matmul)
  CHAKU_STAGED(matmul_backward)
  CHAKU_STAGED(weight_gradient)
  CHAKU_STAGED(gather)
  CHAKU_STAGED(scatter_gradient)
  CHAKU_STAGED(attention)
  CHAKU_STAGED(attention_backward)
  CHAKU_STAGED(sink_gradient)
  CHAKU_STAGED(causal_convolution)
  CHAKU_STAGED(causal_convolution_backward)
  CHAKU_STAGED(delta_rule)
  CHAKU_STAGED(delta_rule_backward)
  CHAKU_STAGED(route)
  CHAKU_STAGED(route_backward)
  CHAKU_STAGED(balance_loss)
  CHAKU_STAGED(sort_slots)
  CHAKU_STAGED(rms_norm)
  CHAKU_STAGED(rms_norm_backward)
  CHAKU_STAGED(layer_norm)
  CHAKU_STAGED(layer_norm_backward)
  CHAKU_STAGED(rope)
  CHAKU_STAGED(rope_table)
  CHAKU_STAGED(position_factors)
  CHAKU_STAGED(gated_activation)
  CHAKU_STAGED(gated_activation_backward)
  CHAKU_STAGED(axpby)
  CHAKU_STAGED(clamp)
  CHAKU_STAGED(scale_rows)
  CHAKU_STAGED(soft_cap)
  CHAKU_STAGED(dropout)
  CHAKU_STAGED(squared_norm)
  CHAKU_STAGED(sigmoid)
  CHAKU_STAGED(sigmoid_backward)
  CHAKU_STAGED(cross_entropy)
  CHAKU_STAGED(adamw)
  CHAKU_STAGED(lion)
  CHAKU_STAGED(encode_moments)
  CHAKU_STAGED(decode_moments)
  CHAKU_STAGED(copy_rows)
  CHAKU_STAGED(fill)
  CHAKU_STAGED(encode_rows)
  CHAKU_STAGED(decode_rows)
  CHAKU_STAGED(mean_rows)
  CHAKU_STAGED(scatter_rows)
  CHAKU_STAGED(combine_rows)
  CHAKU_STAGED(merge_rows)
  CHAKU_STAGED(magnify)
  CHAKU_STAGED(magnify_backward)
  CHAKU_STAGED(row_squares)
  CHAKU_STAGED(row_lengths)
  CHAKU_STAGED(add_low_rank)
  CHAKU_STAGED(round_along)
  CHAKU_STAGED(compare_change)
  CHAKU_STAGED(column_squares)
  CHAKU_STAGED(uniform)
  CHAKU_STAGED(row_dots)
#undef CHAKU_STAGED
  all.matmul_group = StagedGroup<device_table, &KernelTable::matmul_group>::run;
  all.matmul_backward_group = StagedGroup<device_table, &KernelTable::matmul_backward_group>::run;
  all.weight_gradient_group = StagedGroup<device_table, &KernelTable::weight_gradient_group>::run;
  return all;
}

}  // namespace

const KernelTable& emulated_float32_table() {
  static const KernelTable table = staged<float32_table>();
  return table;
}

const KernelTable& emulated_tensor_table() {
  static const KernelTable table = staged<tensor_table>();
  return table;
}

}  // namespace chaku::test
