// Options of merge-aware trainings.
#pragma once

#include "model/tiny_decoder.h"
#include "train/trainer.h"

namespace chaku::test {

// One format for all adapted weights; F16 where it does not fill their rows.
inline MergeAware merging(const DecoderSpec& spec, uint64_t targets, DType dtype, int32_t every) {
  MergeAware merge;
  merge.every = every;
  for (const Parameter& p : lora_parameters(spec, {targets, 1}).items)
    if (p.kind == TensorKind::kLoraA)
      merge.formats.push_back(
          {p.module, p.layer, p.shape.columns % dtype_info(dtype).block_elements == 0 ? dtype : DType::kF16});
  return merge;
}

}  // namespace chaku::test
