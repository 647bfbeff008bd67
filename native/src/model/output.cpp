#include "model/output.h"

#include "model/linear.h"
#include "model/norms.h"

namespace chaku {

void output_norm(const Decoder& decoder, const float* x, int64_t m, float* normed, float* inverse) noexcept {
  const Weights& w = *decoder.weights;
  if (w.output_norm == nullptr) {
    const int64_t d = decoder.spec->width;
    return decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{x, d, normed, d, m, d});
  }
  apply_norm(decoder, {w.output_norm, w.output_norm_bias, 1, x, normed, inverse, m, decoder.spec->width});
}

void cap_logits(const Decoder& decoder, int64_t m, float* logits) noexcept {
  if (decoder.spec->logit_soft_cap > 0.0f)
    decoder.engine->run(&KernelTable::soft_cap,
                        SoftCapProblem{logits, m * decoder.spec->vocab_size, decoder.spec->logit_soft_cap});
}

void project_logits(const Decoder& decoder, const float* normed, const float* low_rank_out, int64_t m,
                    float* logits) noexcept {
  const Linear& output = decoder.weights->output;
  if (decoder.inputs != nullptr) decoder.inputs->add(output, normed, m);
  MatmulProblem p;
  p.x = normed;
  p.x_stride = output.w.columns;
  p.w = output.w;
  p.bias = output.bias;  // sealed models have no bias beside a logit scale
  p.y = logits;
  p.y_stride = output.w.rows;
  p.m = m;
  p.scale = decoder.spec->logit_scale;
  decoder.set_arithmetic(p);
  if (decoder.low_ranks != nullptr && decoder.low_ranks->output.rank > 0)
    p.tail = low_rank_tail(decoder.low_ranks->output, low_rank_out, output.w.rows);
  decoder.engine->run(&KernelTable::matmul, p);
}

}  // namespace chaku
