// One text over a pool of its own, for tests that need no others.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "infer/pool.h"

namespace chaku::test {

class SingleText {
 public:
  // In a model with running memories there is room for those of a step.
  SingleText(const std::shared_ptr<const Model>& model, PoolOptions options)
      : pool_(model, with_memories(options)), text_(pool_.pages(), options.max_tokens) {}

  void set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales) {
    text_.set_adapters(std::move(adapters), scales);
  }
  void eval(std::span<const int32_t> tokens, Role role, LogitRows rows, std::span<float> logits) {
    const StepPart part{&text_, tokens, role, rows};
    pool_.step().run({&part, 1}, logits);
  }
  void collect_inputs() { pool_.step().collect_inputs(); }
  InputStatistics::Sums inputs(Module module, int32_t layer) const { return pool_.step().inputs(module, layer); }
  void truncate(int32_t n_tokens) { text_.truncate(n_tokens); }
  int32_t length() const noexcept { return text_.length(); }
  void cancel() noexcept { pool_.step().cancel(); }

 private:
  static PoolOptions with_memories(PoolOptions options) {
    options.max_memories = 2;
    return options;
  }

  Pool pool_;
  Sequence text_;
};

}  // namespace chaku::test
