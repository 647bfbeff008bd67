// Checks generic/math.h in the instruction set that CHAKU_ISA and the target pragma of the including test choose.
#pragma once

#include "kernels/cpu/generic/math.h"

namespace chaku::CHAKU_ISA {

// Distance in representable numbers; both of one sign or zero.
static int64_t ulps_between(float a, float b) {
  int32_t x, y;
  __builtin_memcpy(&x, &a, 4);
  __builtin_memcpy(&y, &b, 4);
  return x > y ? int64_t{x} - y : int64_t{y} - x;
}

static float exp_of(float x) {
  float lanes[kLanes];
  store(lanes, exp(broadcast(x)));
  return lanes[kLanes - 1];
}

static float exp2_of(float x) {
  float lanes[kLanes];
  store(lanes, exp2(broadcast(x)));
  return lanes[0];
}

static float sigmoid_of(float x) {
  float lanes[kLanes];
  store(lanes, sigmoid(broadcast(x)));
  return lanes[0];
}

static float tanh_of(float x) {
  float lanes[kLanes];
  store(lanes, tanh(broadcast(x)));
  return lanes[0];
}

// Every 251st float of both signs with a magnitude in [2^-30, 110): results from 0 over denormals to infinity.
template <class Check>
static void for_each_float(Check check) {
  for (uint32_t bits = 0x30800000u; bits < 0x42dc0000u; bits += 251)
    for (const uint32_t sign : {0u, 0x80000000u}) {
      const uint32_t both = bits | sign;
      float x;
      __builtin_memcpy(&x, &both, 4);
      check(x);
    }
}

static int64_t worst_exp_ulps() {
  int64_t worst = 0;
  for_each_float([&](float x) {
    const int64_t ulps = ulps_between(exp_of(x), static_cast<float>(::exp(static_cast<double>(x))));
    if (ulps > worst) worst = ulps;
  });
  return worst;
}

// For x of at most 0, whose result is a normal number.
static int64_t worst_exp2_ulps() {
  int64_t worst = 0;
  for_each_float([&](float x) {
    if (x > 0) return;
    const int64_t ulps = ulps_between(exp2_of(x), static_cast<float>(::exp2(static_cast<double>(x))));
    if (ulps > worst) worst = ulps;
  });
  return worst;
}

static int64_t worst_sigmoid_ulps() {
  int64_t worst = 0;
  for_each_float([&](float x) {
    const int64_t ulps = ulps_between(sigmoid_of(x), static_cast<float>(1.0 / (1.0 + ::exp(-static_cast<double>(x)))));
    if (ulps > worst) worst = ulps;
  });
  return worst;
}

static int64_t worst_tanh_ulps() {
  int64_t worst = 0;
  for_each_float([&](float x) {
    const int64_t ulps = ulps_between(tanh_of(x), static_cast<float>(::tanh(static_cast<double>(x))));
    if (ulps > worst) worst = ulps;
  });
  return worst;
}

}  // namespace chaku::CHAKU_ISA

TEST(exp_within_one_and_sigmoid_within_two_units_in_the_last_place) {
  namespace isa = chaku::CHAKU_ISA;
  if (!machine_has_it()) chaku::test::skip("this machine lacks the instruction set");
  const int64_t exp_ulps = isa::worst_exp_ulps(), sigmoid_ulps = isa::worst_sigmoid_ulps();
  std::printf("exp %lld ulp, sigmoid %lld ulp\n", static_cast<long long>(exp_ulps),
              static_cast<long long>(sigmoid_ulps));
  CHECK(exp_ulps <= 1);
  CHECK(sigmoid_ulps <= 2);
}

TEST(ends_of_exp) {
  namespace isa = chaku::CHAKU_ISA;
  if (!machine_has_it()) chaku::test::skip("this machine lacks the instruction set");
  CHECK_EQ(isa::exp_of(0.0f), 1.0f);
  CHECK_EQ(isa::exp_of(-HUGE_VALF), 0.0f);
  CHECK_EQ(isa::exp_of(HUGE_VALF), HUGE_VALF);
  CHECK_EQ(isa::exp_of(1e30f), HUGE_VALF);
  CHECK_EQ(isa::exp_of(-1e30f), 0.0f);
  CHECK(std::isnan(isa::exp_of(NAN)));
  CHECK_EQ(isa::sigmoid_of(-HUGE_VALF), 0.0f);
  CHECK_EQ(isa::sigmoid_of(HUGE_VALF), 1.0f);
}

TEST(exp2_within_two_units_in_the_last_place_and_its_ends) {
  namespace isa = chaku::CHAKU_ISA;
  if (!machine_has_it()) chaku::test::skip("this machine lacks the instruction set");
  CHECK(isa::worst_exp2_ulps() <= 2);
  CHECK_EQ(isa::exp2_of(0.0f), 1.0f);
  CHECK_EQ(isa::exp2_of(-1.0f), 0.5f);
  CHECK_EQ(isa::exp2_of(-HUGE_VALF), 0.0f);
  CHECK_EQ(isa::exp2_of(-1e30f), 0.0f);
  CHECK(std::isnan(isa::exp2_of(NAN)));
}

TEST(tanh_within_two_units_in_the_last_place) { CHECK(chaku::CHAKU_ISA::worst_tanh_ulps() <= 2); }
