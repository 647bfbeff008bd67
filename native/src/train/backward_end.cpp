#include "train/backward_end.h"

#include <algorithm>

namespace chaku {

BackwardEnd backward_end(const DecoderSpec& spec, uint64_t targets, bool full) noexcept {
  if (full) return {0, Stage::kQkv, true};
  const auto any = [targets](std::initializer_list<Module> modules) {
    return std::any_of(modules.begin(), modules.end(),
                       [targets](Module m) { return targets >> static_cast<int32_t>(m) & 1; });
  };
  if (any({Module::kAttnQ, Module::kAttnK, Module::kAttnV, Module::kMixIn, Module::kMixGate, Module::kMixInputGate,
           Module::kMixBeta, Module::kMixAlpha, Module::kAttnQA, Module::kAttnQB, Module::kAttnKvA, Module::kAttnKvB}))
    return {0, Stage::kQkv, false};
  if (any({Module::kAttnOutput, Module::kMixOut})) return {0, Stage::kAttnOutput, false};
  if (any({Module::kFfnGate, Module::kFfnUp, Module::kExpertGate, Module::kExpertUp, Module::kSharedGate,
           Module::kSharedUp}))
    return {0, Stage::kGateUp, false};
  if (any({Module::kFfnDown, Module::kExpertDown, Module::kSharedDown})) return {0, Stage::kDown, false};
  if (any({Module::kLayerInputGate})) return {0, Stage::kLayerGate, false};
  if (any({Module::kLayerInputOut})) return {0, Stage::kLayerOut, false};
  return {spec.n_layers(), Stage::kQkv, false};
}

}  // namespace chaku
