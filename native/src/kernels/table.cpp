#include "kernels/table.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/cpu_features.h"
#include "base/error.h"
#include "kernels/cpu/paths.h"
#include "kernels/path_choice.h"
#include "kernels/reference/reference.h"

namespace chaku {
namespace {

struct NamedPath {
  const char* name;
  CpuPath path;
};

constexpr NamedPath kPaths[] = {{"auto", CpuPath::kAuto},
                                {"reference", CpuPath::kReference},
                                {"avx2", CpuPath::kAvx2},
                                {"avx512", CpuPath::kAvx512},
                                {"amx", CpuPath::kAmx},
                                {"avx512vnni", CpuPath::kAvx512Vnni},
                                {"avx512bf16", CpuPath::kAvx512Bf16},
                                {"float32", kFloat32Path}};

const char* path_name(CpuPath path) noexcept {
  for (const NamedPath& known : kPaths)
    if (known.path == path) return known.name;
  return "unknown";
}

CpuPath parse_path(std::string_view name) {
  for (const NamedPath& known : kPaths)
    if (name == known.name) return known.path;
  fail(Code::kInvalidArgument,
       "[kernels] expected CHAKU_CPU to be auto, float32, reference, avx2, avx512, avx512vnni, avx512bf16 or amx, got "
       "\"%.64s\"",
       std::string(name).c_str());
}

// The instructions that a path needs and this machine lacks.
std::string missing_features(CpuPath path) {
  const CpuFeatures& f = cpu_features();
  std::string missing;
  const auto need = [&](bool has, const char* name) {
    if (!has) missing += missing.empty() ? name : std::string(", ") + name;
  };
  if (path == CpuPath::kAvx2) {
    need(f.avx2, "AVX2");
    need(f.fma, "FMA");
    need(f.f16c, "F16C");
  } else if (path == CpuPath::kAvx512) {
    need(f.avx512, "AVX-512 F/BW/DQ/VL");
    need(f.fma, "FMA");
    need(f.f16c, "F16C");
  } else if (path == CpuPath::kAvx512Vnni) {
    need(f.avx512_vnni, "AVX-512 VNNI");
    need(f.fma, "FMA");
    need(f.f16c, "F16C");
  } else if (path == CpuPath::kAvx512Bf16) {
    need(f.avx512_vnni, "AVX-512 VNNI");
    need(f.avx512_bf16, "AVX-512 BF16");
    need(f.fma, "FMA");
    need(f.f16c, "F16C");
  } else if (path == CpuPath::kAmx) {
    need(f.avx512_bf16, "AVX-512 BF16");
    need(f.avx512_vnni, "AVX-512 VNNI");
    need(f.amx_bf16, "AMX BF16");
    need(f.amx_int8, "AMX INT8");
  }
  return missing;
}

const KernelTable* built_table(CpuPath path) noexcept {
  switch (path) {
    case CpuPath::kReference: return &reference_table();
#if CHAKU_HAVE_AVX2
    case CpuPath::kAvx2: return &avx2::table();
#endif
#if CHAKU_HAVE_AVX512
    case CpuPath::kAvx512: return &avx512::table();
#endif
#if CHAKU_HAVE_AVX512VNNI
    case CpuPath::kAvx512Vnni: return &avx512vnni::table();
#endif
#if CHAKU_HAVE_AVX512BF16
    case CpuPath::kAvx512Bf16: return &avx512bf16::table();
#endif
#if CHAKU_HAVE_AMX
    case CpuPath::kAmx: return &amx::table();
#endif
    default: return nullptr;
  }
}

bool is_here(CpuPath path) noexcept { return built_table(path) != nullptr && missing_features(path).empty(); }

// The path that a choice stands for.
CpuPath resolved(CpuPath path) noexcept {
  if (path == CpuPath::kAuto) return best_cpu_path();
  return path == kFloat32Path ? best_float32_path() : path;
}

}  // namespace

const KernelTable& reference_table() noexcept {
  static constexpr KernelTable table = {.name = "reference",
                                        .path = CpuPath::kReference,
                                        .tails_of_rows = true,
                                        .matmul = reference::matmul,
                                        .matmul_group = reference::matmul_group,
                                        .matmul_backward = reference::matmul_backward,
                                        .matmul_backward_group = reference::matmul_backward_group,
                                        .weight_gradient = reference::weight_gradient,
                                        .weight_gradient_group = reference::weight_gradient_group,
                                        .gather = reference::gather,
                                        .scatter_gradient = reference::scatter_gradient,
                                        .attention = reference::attention,
                                        .attention_backward = reference::attention_backward,
                                        .causal_convolution = reference::causal_convolution,
                                        .causal_convolution_backward = reference::causal_convolution_backward,
                                        .delta_rule = reference::delta_rule,
                                        .delta_rule_backward = reference::delta_rule_backward,
                                        .sink_gradient = reference::sink_gradient,
                                        .rms_norm = reference::rms_norm,
                                        .rms_norm_backward = reference::rms_norm_backward,
                                        .layer_norm = reference::layer_norm,
                                        .layer_norm_backward = reference::layer_norm_backward,
                                        .rope = reference::rope,
                                        .route = reference::route,
                                        .route_backward = reference::route_backward,
                                        .balance_loss = reference::balance_loss,
                                        .combine_rows = reference::combine_rows,
                                        .scale_rows = reference::scale_rows,
                                        .row_dots = reference::row_dots,
                                        .gated_activation = reference::gated_activation,
                                        .gated_activation_backward = reference::gated_activation_backward,
                                        .axpby = reference::axpby,
                                        .clamp = reference::clamp,
                                        .soft_cap = reference::soft_cap,
                                        .dropout = reference::dropout,
                                        .squared_norm = reference::squared_norm,
                                        .cross_entropy = reference::cross_entropy,
                                        .adamw = reference::adamw,
                                        .lion = reference::lion,
                                        .encode_moments = reference::encode_moments,
                                        .decode_moments = reference::decode_moments,
                                        .copy_rows = reference::copy_rows,
                                        .mean_rows = reference::mean_rows,
                                        .scatter_rows = reference::scatter_rows,
                                        .fill = reference::fill,
                                        .encode_rows = reference::encode_rows,
                                        .decode_rows = reference::decode_rows,
                                        .merge_rows = reference::merge_rows,
                                        .magnify = reference::magnify,
                                        .magnify_backward = reference::magnify_backward,
                                        .row_squares = reference::row_squares,
                                        .row_lengths = reference::row_lengths,
                                        .add_low_rank = reference::add_low_rank,
                                        .round_along = reference::round_along,
                                        .compare_change = reference::compare_change,
                                        .column_squares = reference::column_squares,
                                        .uniform = reference::uniform,
                                        .rope_table = reference::rope_table,
                                        .position_factors = reference::position_factors,
                                        .sort_slots = reference::sort_slots,
                                        .sigmoid = reference::sigmoid,
                                        .sigmoid_backward = reference::sigmoid_backward};
  return table;
}

const KernelTable* find_table(CpuPath path) noexcept {
  const KernelTable* table = built_table(resolved(path));
  return table != nullptr && missing_features(resolved(path)).empty() ? table : nullptr;
}

CpuPath best_cpu_path() noexcept {
  for (const CpuPath path : {CpuPath::kAmx, CpuPath::kAvx512Bf16})
    if (is_here(path)) return path;
  return best_float32_path();
}

CpuPath best_float32_path() noexcept {
  for (const CpuPath path : {CpuPath::kAvx512Vnni, CpuPath::kAvx512, CpuPath::kAvx2})
    if (is_here(path)) return path;
  return CpuPath::kReference;
}

const KernelTable& select_table(CpuPath path) {
  if (path == CpuPath::kAuto) {
    const char* named = std::getenv("CHAKU_CPU");
    if (named != nullptr && *named != '\0') path = parse_path(named);
  }
  path = resolved(path);
  if (const std::string missing = missing_features(path); !missing.empty())
    fail(Code::kDeviceAbsent, "[kernels] expected a processor with %s for the path %s, got one without",
         missing.c_str(), path_name(path));
  const KernelTable* table = built_table(path);
  if (table == nullptr)
    fail(Code::kDeviceAbsent, "[kernels] expected the path %s in this build, got a build without it", path_name(path));
  return *table;
}

}  // namespace chaku
