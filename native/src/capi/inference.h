// What sessions and pools share of the C interface.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "capi/boundary.h"
#include "capi/handles.h"

namespace chaku::capi {

// Those to wear; scales are checked to be there.
inline std::vector<std::shared_ptr<const Adapter>> adapters_of(chaku_adapter* const* adapters, const float* scales,
                                                               int32_t n) {
  constexpr int32_t kMostWorn = 1024;
  if (n < 0 || n > kMostWorn)
    fail(Code::kInvalidArgument, "[set_adapters] expected 0..%d adapters, got %d", kMostWorn, n);
  std::vector<std::shared_ptr<const Adapter>> worn;
  for (int32_t i = 0; i < n; ++i) {
    require("set_adapters", "adapters", adapters);
    require("set_adapters", "scales", scales);
    worn.push_back(require("set_adapters", "every adapter", adapters[i]).shared);
  }
  return worn;
}

// Of whatever collects them.
template <class Collector>
void read_inputs(const Collector& collector, int32_t module, int32_t layer, double* squares, int64_t n,
                 int64_t* out_rows) {
  if (!is_module(module)) fail(Code::kInvalidArgument, "[read_inputs] expected a known module, got %d", module);
  const InputStatistics::Sums sums = collector.inputs(static_cast<Module>(module), layer);
  if (n != static_cast<int64_t>(sums.squares.size()))
    fail(Code::kInvalidArgument, "[read_inputs] expected room for %zu columns, got %lld", sums.squares.size(),
         static_cast<long long>(n));
  require("read_inputs", "squares", squares);
  require("read_inputs", "out_rows", out_rows);
  std::copy(sums.n_rows.begin(), sums.n_rows.end(), out_rows);
  std::copy(sums.squares.begin(), sums.squares.end(), squares);
}

}  // namespace chaku::capi
