#include "model/model.h"

#include <unistd.h>

#include <cstring>

#include "base/half.h"
#include "model/expect_error.h"
#include "model/tiny_decoder.h"

using namespace chaku;
using namespace chaku::test;

namespace {

TensorOptions norm_tensor(DType dtype = DType::kF32) {
  return {Module::kAttnNorm, TensorKind::kWeight, 1, dtype, {1, 32}};
}

const std::vector<float> kNorm(32, 2.0f);

}  // namespace

TEST(sealed_weights_are_those_given) {
  TinyOptions o;
  o.tied = false;
  o.biases = true;
  const auto model = tiny_decoder(o);
  const Weights& w = model->weights();
  CHECK(model->sealed());
  CHECK(!w.tied);
  CHECK(w.output.w.data != w.token_embedding.data);
  CHECK(w.output.bias != nullptr);
  const auto expected = tiny_values(o, Module::kFfnUp, 1, TensorKind::kWeight, 40 * 32, 0.0f, 1.0f / std::sqrt(32.0f));
  const Matrix& up = w.layers[1].linears[kLinearUp].w;
  CHECK_EQ(up.rows, 40);
  CHECK_EQ(up.columns, 32);
  CHECK(std::memcmp(up.data, expected.data(), expected.size() * sizeof(float)) == 0);
  CHECK(w.layers[0].norms[kNormQ] == nullptr);
}

TEST(tied_output_is_the_embedding) {
  const auto model = tiny_decoder({});
  CHECK(model->weights().tied);
  CHECK(model->weights().output.w.data == model->weights().token_embedding.data);
  // embedding 48*32, output norm, and per layer 2 norms, q, k, v, o, gate, up, down
  const int64_t floats = 48 * 32 + 32 + 2 * (2 * 32 + 2 * 32 * 32 + 2 * 16 * 32 + 3 * 40 * 32);
  CHECK_EQ(model->weight_bytes(), floats * 4);
}

TEST(half_precision_norms_are_converted) {
  const auto model = bare_decoder({});
  std::vector<uint16_t> half(32, f32_to_f16(0.5f)), brain(32, f32_to_bf16(3.0f));
  model->set_tensor_data(norm_tensor(DType::kF16), half.data(), 64);
  TensorOptions other = norm_tensor(DType::kBF16);
  other.layer = 0;
  model->set_tensor_data(other, brain.data(), 64);
  TinyOptions o;
  for (const Module m : {Module::kTokenEmbedding, Module::kOutputNorm})
    set_tiny_tensor(*model, o, m, -1, TensorKind::kWeight);
  for (int32_t l = 0; l < 2; ++l) {
    set_tiny_tensor(*model, o, Module::kFfnNorm, l, TensorKind::kWeight);
    for (const Module m : kLinearModules)
      if (model->spec().shape(m, l).rows > 0) set_tiny_tensor(*model, o, m, l, TensorKind::kWeight);
  }
  model->seal();
  CHECK_EQ(model->weights().layers[1].norms[kNormAttn][31], 0.5f);
  CHECK_EQ(model->weights().layers[0].norms[kNormAttn][31], 3.0f);
}

TEST(mapped_tensors_are_used_in_place_unless_misaligned) {
  char path[] = "/tmp/chaku_model_XXXXXX";
  const int fd = ::mkstemp(path);
  if (fd < 0) skip("no temporary folder");
  std::vector<float> bytes(100, 0.0f);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<float>(i);
  const bool written = ::write(fd, bytes.data(), 400) == 400;
  ::close(fd);
  CHECK(written);
  const auto model = bare_decoder({});
  const int32_t file = model->map_file(path, 400);
  ::unlink(path);
  model->set_tensor_mapped(norm_tensor(), file, 400 - 128);
  TensorOptions other = norm_tensor();
  other.module = Module::kFfnNorm;
  model->set_tensor_mapped(other, file, 2);  // copied: not on a float's border
  other.layer = 0;
  CHECK_ERROR(Code::kBadData, "ffn_norm of layer 0", model->set_tensor_mapped(other, file, 400 - 127));
  CHECK_ERROR(Code::kBadData, "offset -4", model->set_tensor_mapped(other, file, -4));
  CHECK_ERROR(Code::kBadData, "offset", model->set_tensor_mapped(other, file, INT64_MAX));
  CHECK_ERROR(Code::kInvalidArgument, "index 1", model->set_tensor_mapped(other, 1, 0));
  CHECK_ERROR(Code::kInvalidArgument, "index -1", model->set_tensor_mapped(other, -1, 0));
  const Shape vast{int64_t{1} << 36, int64_t{1} << 28};
  const TensorOptions huge{Module::kTokenEmbedding, TensorKind::kWeight, -1, DType::kF32, vast};
  CHECK_ERROR(Code::kInvalidArgument, "63 bits", model->set_tensor_mapped(huge, file, 0));
}

TEST(bad_tensors) {
  const auto model = bare_decoder({});
  const auto refused = [&](Code code, const char* part, auto change) {
    TensorOptions t = norm_tensor();
    change(t);
    CHECK_ERROR(code, part, model->set_tensor_data(t, kNorm.data(), 128));
  };
  refused(Code::kInvalidArgument, "0..1, got 2 (attn_norm", [](auto& t) { t.layer = 2; });
  refused(Code::kInvalidArgument, "0..1, got -1", [](auto& t) { t.layer = -1; });
  refused(Code::kInvalidArgument, "layer -1, got 1 (output_norm", [](auto& t) { t.module = Module::kOutputNorm; });
  refused(Code::kInvalidArgument, "takes a bias", [](auto& t) { t.kind = TensorKind::kBias; });
  refused(Code::kInvalidArgument, "256 bytes, got 128", [](auto& t) { t.shape.rows = 2; });
  refused(Code::kInvalidArgument, "[0,32]", [](auto& t) { t.shape.rows = 0; });
  refused(Code::kInvalidArgument, "[1,-32]", [](auto& t) { t.shape.columns = -32; });
  refused(Code::kUnsupported, "Q8_0", [](auto& t) { t.dtype = DType::kQ8_0; });
  refused(Code::kInvalidArgument, "blocks of 32",
          [](auto& t) { t.dtype = DType::kQ8_0, t.module = Module::kAttnQ, t.shape.columns = 33; });
  model->set_tensor_data(norm_tensor(), kNorm.data(), 128);
  refused(Code::kInvalidArgument, "each tensor once", [](auto&) {});
  CHECK_ERROR(Code::kInvalidArgument, "deviation",
              model->set_tensor_random({Module::kFfnNorm, TensorKind::kWeight, 0, DType::kF32, {1, 32}}, 0, -1, 1));
  const Shape vast{int64_t{1} << 32, 1 << 20};
  CHECK_ERROR(Code::kMemoryLimit, "token_embedding",
              model->set_tensor_random({Module::kTokenEmbedding, TensorKind::kWeight, -1, DType::kF32, vast}, 0, 1, 1));
}

TEST(seal_names_what_is_missing_or_misshapen) {
  TinyOptions o;
  auto model = bare_decoder(o);
  CHECK_ERROR(Code::kInvalidState, "token_embedding", model->seal());
  set_tiny_tensor(*model, o, Module::kTokenEmbedding, -1, TensorKind::kWeight);
  CHECK_ERROR(Code::kInvalidState, "output_norm", model->seal());
  set_tiny_tensor(*model, o, Module::kOutputNorm, -1, TensorKind::kWeight);
  CHECK_ERROR(Code::kInvalidState, "attn_q of layer 0", model->seal());
  CHECK(!model->sealed());
  model->set_tensor_data({Module::kFfnUp, TensorKind::kWeight, 1, DType::kF32, {1, 32}}, kNorm.data(), 128);
  CHECK_ERROR(Code::kInvalidArgument, "[40,32], got [1,32] (ffn_up of layer 1)", model->seal());

  o.parallel = o.post_norms = true;
  CHECK_ERROR(Code::kUnsupported, "without post norms", tiny_decoder(o));
  o.post_norms = o.attn_norm = false;
  CHECK_ERROR(Code::kUnsupported, "with attn_norm", tiny_decoder(o));
  TinyOptions biased;
  biased.norm_biases = true;
  CHECK_ERROR(Code::kInvalidArgument, "bias of output_norm", tiny_decoder(biased));

  DecoderSpec spec = make_decoder_spec(1, 32, 48);
  Model unset(std::make_shared<const Engine>(1, CpuPath::kAuto), spec);
  CHECK_ERROR(Code::kInvalidState, "layer 0", unset.seal());
}

TEST(sealed_models_do_not_change) {
  const auto model = tiny_decoder({});
  CHECK_ERROR(Code::kInvalidState, "sealed", model->seal());
  CHECK_ERROR(Code::kInvalidState, "sealed", model->set_tensor_data(norm_tensor(), kNorm.data(), 128));
  CHECK_ERROR(Code::kInvalidState, "sealed", model->set_layer(0, model->spec().layers[0]));
  CHECK_ERROR(Code::kInvalidState, "sealed", model->add_rope({RopePairing::kAdjacent, 8, 1.0f, {1, 1, 1, 1}}));
  CHECK_ERROR(Code::kInvalidState, "sealed", model->map_file("/dev/null", 1));
}
