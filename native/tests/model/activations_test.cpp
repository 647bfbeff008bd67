#include "model/activations.h"

#include <set>

#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

int64_t bytes(const DecoderSpec& spec, const ActivationOptions& o) {
  Carver counter(nullptr);
  carve_activations(counter, spec, o);
  return counter.n_bytes();
}

ActivationOptions taped(int32_t n_kept) {
  ActivationOptions o;
  o.max_tokens = 10;
  o.taped = true;
  o.n_kept = n_kept;
  return o;
}

DecoderSpec three_layers() {
  TinyOptions o;
  o.n_layers = 3;
  return bare_decoder(o)->spec();
}

}  // namespace

TEST(carver_counts_what_it_hands_out) {
  Carver counter(nullptr);
  CHECK(counter.floats(1) == nullptr);
  CHECK(counter.take<uint8_t>(65) == nullptr);
  CHECK(counter.floats(0) == nullptr);
  CHECK_EQ(counter.n_bytes(), 64 + 128);
  alignas(64) std::byte memory[192];
  Carver carver(memory);
  CHECK(reinterpret_cast<std::byte*>(carver.floats(1)) == memory);
  CHECK(reinterpret_cast<std::byte*>(carver.take<uint8_t>(65)) == memory + 64);
  CHECK_EQ(carver.n_bytes(), counter.n_bytes());
}

TEST(carver_saturates) {
  Carver counter(nullptr);
  for (int i = 0; i < 10; ++i) counter.floats(int64_t{1} << 58);
  CHECK(counter.n_bytes() > INT64_MAX - 64);
}

TEST(lean_layers_share_everything) {
  const DecoderSpec spec = three_layers();
  ActivationOptions o;
  o.max_tokens = 10;
  AlignedBytes memory(bytes(spec, o));
  Carver carver(memory.data());
  const Activations a = carve_activations(carver, spec, o);
  CHECK_EQ(a.streams.size(), 4u);
  CHECK(std::set<float*>(a.streams.begin(), a.streams.end()).size() == 1);
  CHECK(a.blocks[0].q == a.blocks[2].q);
  CHECK(a.blocks[0].h == nullptr && a.blocks[0].lse == nullptr);
  CHECK_EQ(carver.n_bytes(), memory.n_bytes());
}

TEST(taped_layers_have_inputs_of_their_own) {
  const DecoderSpec spec = three_layers();
  ActivationOptions o = taped(1);
  AlignedBytes memory(bytes(spec, o));
  Carver carver(memory.data());
  const Activations a = carve_activations(carver, spec, o);
  CHECK(std::set<float*>(a.streams.begin(), a.streams.end()).size() == 4);
  CHECK(a.blocks[0].q == a.blocks[1].q && a.blocks[1].q != a.blocks[2].q);
  CHECK(!a.kept[0] && !a.kept[1] && a.kept[2]);
}

TEST(frozen_lower_layers_keep_nothing) {
  const DecoderSpec spec = three_layers();
  ActivationOptions o = taped(0);
  o.first_layer = 2;
  AlignedBytes memory(bytes(spec, o));
  Carver carver(memory.data());
  const Activations a = carve_activations(carver, spec, o);
  CHECK(a.streams[0] == a.streams[1] && a.streams[1] == a.streams[2] && a.streams[2] != a.streams[3]);
}

TEST(a_kept_layer_costs_what_is_planned) {
  const DecoderSpec spec = three_layers();
  for (int32_t n_kept = 0; n_kept < 2; ++n_kept)
    CHECK_EQ(bytes(spec, taped(n_kept + 1)) - bytes(spec, taped(n_kept)), kept_layer_bytes(spec, 1, taped(0)));
  // When all are kept, no shared arrays are left.
  CHECK_EQ(bytes(spec, taped(3)), bytes(spec, taped(2)));
}
