#include "model/norms.h"

namespace chaku {

void apply_norm(const Decoder& decoder, const NormCall& c) noexcept {
  const float epsilon = decoder.spec->norm_epsilon;
  if (decoder.spec->norm_kind == NormKind::kRms)
    decoder.engine->run(&KernelTable::rms_norm,
                        RmsNormProblem{c.x, c.weight, c.y, c.inverse, c.m, c.d, c.d, c.d, epsilon, c.weight_rows});
  else
    decoder.engine->run(&KernelTable::layer_norm, LayerNormProblem{c.x, c.weight, c.bias, c.y, c.inverse, c.m, c.d, c.d,
                                                                   c.d, epsilon, c.weight_rows});
}

void norm_backward(const Decoder& decoder, const NormBackwardCall& c) noexcept {
  if (decoder.spec->norm_kind == NormKind::kRms)
    decoder.engine->run(&KernelTable::rms_norm_backward,
                        RmsNormBackwardProblem{c.x, c.weight, c.inverse, c.dy, c.dx, c.dweight, c.m, c.d, c.d, c.d, c.d,
                                               c.accumulate, c.weight_rows});
  else
    decoder.engine->run(&KernelTable::layer_norm_backward,
                        LayerNormBackwardProblem{c.x, c.weight, c.inverse, c.dy, c.dx, c.dweight, c.dbias, c.m, c.d,
                                                 c.d, c.d, c.d, c.accumulate, c.weight_rows});
}

}  // namespace chaku
