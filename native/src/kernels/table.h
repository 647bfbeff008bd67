// Dispatch: one table of functions per path, chosen once per engine.
#pragma once

#include <cstdint>

#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/causal_convolution.h"
#include "kernels/change_rows.h"
#include "kernels/cross_entropy.h"
#include "kernels/delta_rule.h"
#include "kernels/elementwise.h"
#include "kernels/layer_norm.h"
#include "kernels/lion.h"
#include "kernels/magnitude.h"
#include "kernels/matmul.h"
#include "kernels/moments.h"
#include "kernels/positions.h"
#include "kernels/queue.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/router.h"
#include "kernels/rows.h"

namespace chaku {

// kAmx and kAvx512Bf16 round the operands of large products, those of attention included, to bfloat16, three digits:
// AMX is then ten times as fast as AVX-512, kAvx512Bf16 not quite twice. kAuto takes the fastest; path_choice.h has the
// fastest that does not round.
enum class CpuPath : int32_t {
  kAuto = 0,
  kReference = 1,
  kAvx2 = 2,
  kAvx512 = 3,
  kAmx = 4,
  kAvx512Bf16 = 5,
  kAvx512Vnni = 6
};

// Whether a path rounds the operands of large products to bfloat16 (8 bits of precision); sums, and the softmax of
// attention, are float32 on all.
constexpr bool rounds_to_bf16(CpuPath path) { return path == CpuPath::kAmx || path == CpuPath::kAvx512Bf16; }

template <class Problem>
using Kernel = void (*)(const Problem&, Queue&);

// Entries never null: a path without its own version of an op carries the next lower path's.
struct KernelTable {
  const char* name;
  CpuPath path;
  bool tails_of_rows = false;  // whether products take tails of some rows
  Kernel<MatmulProblem> matmul;
  Kernel<MatmulGroup> matmul_group;
  Kernel<MatmulBackwardProblem> matmul_backward;
  Kernel<MatmulBackwardGroup> matmul_backward_group;
  Kernel<WeightGradientProblem> weight_gradient;
  Kernel<WeightGradientGroup> weight_gradient_group;
  Kernel<GatherProblem> gather;
  Kernel<ScatterGradientProblem> scatter_gradient;
  Kernel<AttentionProblem> attention;
  Kernel<AttentionBackwardProblem> attention_backward;
  Kernel<CausalConvolutionProblem> causal_convolution;
  Kernel<CausalConvolutionBackwardProblem> causal_convolution_backward;
  Kernel<DeltaRuleProblem> delta_rule;
  Kernel<DeltaRuleBackwardProblem> delta_rule_backward;
  Kernel<SinkGradientProblem> sink_gradient;
  Kernel<RmsNormProblem> rms_norm;
  Kernel<RmsNormBackwardProblem> rms_norm_backward;
  Kernel<LayerNormProblem> layer_norm;
  Kernel<LayerNormBackwardProblem> layer_norm_backward;
  Kernel<RopeProblem> rope;
  Kernel<RouteProblem> route;
  Kernel<RouteBackwardProblem> route_backward;
  Kernel<BalanceLossProblem> balance_loss;
  Kernel<CombineRowsProblem> combine_rows;
  Kernel<ScaleRowsProblem> scale_rows;
  Kernel<RowDotsProblem> row_dots;
  Kernel<GatedActivationProblem> gated_activation;
  Kernel<GatedActivationBackwardProblem> gated_activation_backward;
  Kernel<AxpbyProblem> axpby;
  Kernel<ClampProblem> clamp;
  Kernel<SoftCapProblem> soft_cap;
  Kernel<DropoutProblem> dropout;
  Kernel<SquaredNormProblem> squared_norm;
  Kernel<CrossEntropyProblem> cross_entropy;
  Kernel<AdamWProblem> adamw;
  Kernel<LionProblem> lion;
  Kernel<EncodeMomentsProblem> encode_moments;
  Kernel<DecodeMomentsProblem> decode_moments;
  Kernel<CopyRowsProblem> copy_rows;
  Kernel<MeanRowsProblem> mean_rows;
  Kernel<ScatterRowsProblem> scatter_rows;
  Kernel<FillProblem> fill;
  Kernel<EncodeRowsProblem> encode_rows;
  Kernel<DecodeRowsProblem> decode_rows;
  Kernel<MergeRowsProblem> merge_rows;
  Kernel<MagnifyProblem> magnify;
  Kernel<MagnifyBackwardProblem> magnify_backward;
  Kernel<RowSquaresProblem> row_squares;
  Kernel<RowLengthsProblem> row_lengths;
  Kernel<AddLowRankProblem> add_low_rank;
  Kernel<RoundAlongProblem> round_along;
  Kernel<CompareChangeProblem> compare_change;
  Kernel<ColumnSquaresProblem> column_squares;
  Kernel<UniformProblem> uniform;
  Kernel<RopeTableProblem> rope_table;
  Kernel<PositionFactorsProblem> position_factors;
  Kernel<SortSlotsProblem> sort_slots;
  Kernel<SigmoidProblem> sigmoid;
  Kernel<SigmoidBackwardProblem> sigmoid_backward;
};

const KernelTable& reference_table() noexcept;

// Null when the build or this machine lacks the path.
const KernelTable* find_table(CpuPath path) noexcept;

// The fastest path of this machine and build.
CpuPath best_cpu_path() noexcept;

// kAuto: what the environment variable CHAKU_CPU names, else the best. Throws Error(kDeviceAbsent) for a path that is
// not to be had, naming what is missing, and Error(kInvalidArgument) for a CHAKU_CPU that names no path.
const KernelTable& select_table(CpuPath path);

}  // namespace chaku
