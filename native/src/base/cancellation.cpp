#include "base/cancellation.h"

#include "base/error.h"

namespace chaku {

void Cancellation::check() const {
  if (state_.load(std::memory_order_relaxed) == kRequested) fail(Code::kCancelled, "[cancel] cancelled by the caller");
}

}  // namespace chaku
