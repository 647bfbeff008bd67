// What a running memory is before and after the tokens of a span.
#pragma once

#include <cstdint>

namespace chaku {

// In the device's memory; one span's of an array that lies in the host's, like the spans.
struct RunningState {
  const float* in = nullptr;  // null: the text begins
  float* out = nullptr;       // may be in
};

// That of span s, `offset` floats behind its pointers. `states` may be null.
[[gnu::always_inline]] inline RunningState state_at(const RunningState* states, int64_t s, int64_t offset) noexcept {
  if (states == nullptr) return {};
  return {states[s].in == nullptr ? nullptr : states[s].in + offset, states[s].out + offset};
}

}  // namespace chaku
