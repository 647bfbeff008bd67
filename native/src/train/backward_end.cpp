#include "train/backward_end.h"

#include <algorithm>

namespace chaku {

BackwardEnd backward_end(const DecoderSpec& spec, const ParameterList& parameters) noexcept {
  int32_t lowest = spec.n_layers();
  for (const Parameter& p : parameters.items) {
    // Below the head nothing waits for the output's gradient.
    if (p.kind == TensorKind::kWeight && p.module != Module::kOutput) return {0, Stage::kQkv, true};
    if (p.layer >= 0) lowest = std::min(lowest, p.layer);
  }
  uint64_t targets = 0;
  for (const Parameter& p : parameters.items)
    if (p.layer == lowest) targets |= uint64_t{1} << static_cast<int32_t>(p.module);
  const auto any = [targets](std::initializer_list<Module> modules) {
    return std::any_of(modules.begin(), modules.end(),
                       [targets](Module m) { return targets >> static_cast<int32_t>(m) & 1; });
  };
  if (any({Module::kAttnQ, Module::kAttnK, Module::kAttnV, Module::kMixIn, Module::kMixGate, Module::kMixInputGate,
           Module::kMixBeta, Module::kMixAlpha, Module::kAttnQA, Module::kAttnQB, Module::kAttnKvA, Module::kAttnKvB}))
    return {lowest, Stage::kQkv, false};
  if (any({Module::kAttnOutput, Module::kMixOut})) return {lowest, Stage::kAttnOutput, false};
  if (any({Module::kFfnGate, Module::kFfnUp, Module::kExpertGate, Module::kExpertUp, Module::kSharedGate,
           Module::kSharedUp}))
    return {lowest, Stage::kGateUp, false};
  if (any({Module::kFfnDown, Module::kExpertDown, Module::kSharedDown})) return {lowest, Stage::kDown, false};
  if (any({Module::kLayerInputGate})) return {lowest, Stage::kLayerGate, false};
  if (any({Module::kLayerInputOut})) return {lowest, Stage::kLayerOut, false};
  return {spec.n_layers(), Stage::kQkv, false};
}

}  // namespace chaku
