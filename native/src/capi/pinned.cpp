// The numbers of chaku.h are those of the core's enums, which conversions rely on: a change of either is an error here.
#include "chaku.h"
#include "device/choice.h"
#include "infer/step.h"
#include "kernels/path_choice.h"
#include "train/trainer.h"

namespace chaku {
namespace {

template <class Enum>
constexpr bool is(Enum value, int32_t pinned) {
  return static_cast<int32_t>(value) == pinned;
}

static_assert(is(DeviceKind::kCpu, CHAKU_DEVICE_CPU) && is(DeviceKind::kCuda, CHAKU_DEVICE_CUDA));
static_assert(is(CpuPath::kAuto, CHAKU_CPU_AUTO) && is(CpuPath::kReference, CHAKU_CPU_REFERENCE) &&
              is(CpuPath::kAvx2, CHAKU_CPU_AVX2) && is(CpuPath::kAvx512, CHAKU_CPU_AVX512) &&
              is(CpuPath::kAmx, CHAKU_CPU_AMX) && is(CpuPath::kAvx512Bf16, CHAKU_CPU_AVX512_BF16) &&
              is(CpuPath::kAvx512Vnni, CHAKU_CPU_AVX512_VNNI) && is(kFloat32Path, CHAKU_CPU_FLOAT32));
static_assert(is(Activation::kSilu, CHAKU_ACTIVATION_SILU) && is(Activation::kGeluTanh, CHAKU_ACTIVATION_GELU_TANH) &&
              is(Activation::kClampedSwiGlu, CHAKU_ACTIVATION_CLAMPED_SWIGLU));
static_assert(is(NormKind::kRms, CHAKU_NORM_RMS) && is(NormKind::kLayer, CHAKU_NORM_LAYER));
static_assert(is(Gating::kSoftmax, CHAKU_GATING_SOFTMAX) && is(Gating::kSoftmaxTopK, CHAKU_GATING_SOFTMAX_TOP_K) &&
              is(Gating::kSigmoid, CHAKU_GATING_SIGMOID));
static_assert(is(RopePairing::kAdjacent, CHAKU_ROPE_ADJACENT) && is(RopePairing::kHalves, CHAKU_ROPE_HALVES));
static_assert(is(MixerKind::kShortConvolution, CHAKU_MIXER_SHORT_CONVOLUTION) &&
              is(MixerKind::kDeltaRule, CHAKU_MIXER_DELTA_RULE));
static_assert(is(LogitRows::kNone, CHAKU_LOGITS_NONE) && is(LogitRows::kLast, CHAKU_LOGITS_LAST) &&
              is(LogitRows::kAll, CHAKU_LOGITS_ALL));
static_assert(is(Role::kPrompt, CHAKU_ROLE_PROMPT) && is(Role::kGenerated, CHAKU_ROLE_GENERATED));
static_assert(is(ActivationFormat::kF32, CHAKU_ACTIVATIONS_F32) &&
              is(ActivationFormat::kInt16, CHAKU_ACTIVATIONS_INT16) &&
              is(ActivationFormat::kInt8, CHAKU_ACTIVATIONS_INT8));
static_assert(kCacheBlockTokens == CHAKU_BLOCK_TOKENS);
static_assert(is(TrainMode::kLora, CHAKU_TRAIN_LORA) && is(TrainMode::kFull, CHAKU_TRAIN_FULL));
static_assert(is(OptimizerKind::kAdamW, CHAKU_OPTIMIZER_ADAMW) &&
              is(OptimizerKind::kAdamW8Bit, CHAKU_OPTIMIZER_ADAMW_8BIT) &&
              is(OptimizerKind::kLion, CHAKU_OPTIMIZER_LION) &&
              is(OptimizerKind::kLion8Bit, CHAKU_OPTIMIZER_LION_8BIT));
static_assert(is(TensorKind::kWeight, CHAKU_WEIGHT) && is(TensorKind::kBias, CHAKU_BIAS) &&
              is(TensorKind::kLoraA, CHAKU_LORA_A) && is(TensorKind::kLoraB, CHAKU_LORA_B));
static_assert(is(Slot::kValue, CHAKU_SLOT_VALUE) && is(Slot::kGradient, CHAKU_SLOT_GRADIENT) &&
              is(Slot::kMoment1, CHAKU_SLOT_MOMENT1) && is(Slot::kMoment2, CHAKU_SLOT_MOMENT2) &&
              is(Slot::kFrozen, CHAKU_SLOT_FROZEN));
static_assert(is(Module::kTokenEmbedding, CHAKU_TOKEN_EMBEDDING) && is(Module::kOutputNorm, CHAKU_OUTPUT_NORM) &&
              is(Module::kOutput, CHAKU_OUTPUT) && is(Module::kPositionEmbedding, CHAKU_POSITION_EMBEDDING) &&
              is(Module::kEmbeddingNorm, CHAKU_EMBEDDING_NORM));
static_assert(is(Module::kAttnNorm, CHAKU_ATTN_NORM) && is(Module::kAttnQ, CHAKU_ATTN_Q) &&
              is(Module::kAttnK, CHAKU_ATTN_K) && is(Module::kAttnV, CHAKU_ATTN_V) &&
              is(Module::kAttnOutput, CHAKU_ATTN_OUTPUT) && is(Module::kAttnQNorm, CHAKU_ATTN_Q_NORM) &&
              is(Module::kAttnKNorm, CHAKU_ATTN_K_NORM) && is(Module::kAttnPostNorm, CHAKU_ATTN_POST_NORM) &&
              is(Module::kAttnSinks, CHAKU_ATTN_SINKS));
static_assert(is(Module::kFfnNorm, CHAKU_FFN_NORM) && is(Module::kFfnGate, CHAKU_FFN_GATE) &&
              is(Module::kFfnUp, CHAKU_FFN_UP) && is(Module::kFfnDown, CHAKU_FFN_DOWN) &&
              is(Module::kFfnPostNorm, CHAKU_FFN_POST_NORM));
static_assert(is(Module::kSharedRouter, CHAKU_SHARED_ROUTER) && is(Module::kExpertGate, CHAKU_EXPERT_GATE) &&
              is(Module::kExpertUp, CHAKU_EXPERT_UP) && is(Module::kExpertDown, CHAKU_EXPERT_DOWN) &&
              is(Module::kSharedGate, CHAKU_SHARED_GATE) && is(Module::kSharedUp, CHAKU_SHARED_UP) &&
              is(Module::kSharedDown, CHAKU_SHARED_DOWN) && is(Module::kRouter, CHAKU_ROUTER));
static_assert(is(Module::kMixIn, CHAKU_MIX_IN) && is(Module::kMixGate, CHAKU_MIX_GATE) &&
              is(Module::kMixInputGate, CHAKU_MIX_INPUT_GATE) && is(Module::kMixBeta, CHAKU_MIX_BETA) &&
              is(Module::kMixAlpha, CHAKU_MIX_ALPHA) && is(Module::kMixOut, CHAKU_MIX_OUT) &&
              is(Module::kMixTaps, CHAKU_MIX_TAPS) && is(Module::kMixRate, CHAKU_MIX_RATE) &&
              is(Module::kMixNorm, CHAKU_MIX_NORM));

}  // namespace
}  // namespace chaku
