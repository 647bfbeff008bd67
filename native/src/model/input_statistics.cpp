#include "model/input_statistics.h"

#include "model/carver.h"

namespace chaku {

InputStatistics::InputStatistics(const Device& device, const DecoderSpec& spec, const Weights& weights)
    : device_(&device) {
  const auto watch_all = [&](Carver& carver) {
    const auto watch = [&](const Linear& linear, int64_t n_matrices) {
      if (linear.w.empty()) return;
      Sink& sink = sinks_[&linear];
      sink.squares = carver.take<double>(n_matrices * linear.w.columns);
      sink.n_rows.resize(static_cast<size_t>(n_matrices));
    };
    watch(weights.output, 1);
    for (int32_t l = 0; l < spec.n_layers(); ++l)
      for (int32_t i = 0; i < kLayerLinears; ++i)
        watch(weights.layers[static_cast<size_t>(l)].linears[static_cast<size_t>(i)],
              spec.n_stacked(l, static_cast<LayerLinear>(i)));
  };
  Carver counter(nullptr);
  watch_all(counter);
  memory_ = DeviceBuffer(device, counter.n_bytes());
  Carver carver(memory_.data());
  watch_all(carver);
}

void InputStatistics::add(const Linear& linear, const float* x, int64_t m, int64_t matrix) noexcept {
  const auto found = sinks_.find(&linear);
  if (found == sinks_.end()) return;
  Sink& sink = found->second;
  const int64_t k = linear.w.columns;
  device_->run(&KernelTable::column_squares, ColumnSquaresProblem{x, m, k, sink.squares + matrix * k});
  sink.n_rows[static_cast<size_t>(matrix)] += m;
}

std::optional<InputStatistics::Sums> InputStatistics::read(const Linear& linear) const {
  const auto found = sinks_.find(&linear);
  if (found == sinks_.end()) return std::nullopt;
  const Sink& sink = found->second;
  Sums sums{std::vector<double>(sink.n_rows.size() * static_cast<size_t>(linear.w.columns)), sink.n_rows};
  device_->download(sums.squares.data(), sink.squares, static_cast<int64_t>(sums.squares.size() * sizeof(double)));
  return sums;
}

}  // namespace chaku
