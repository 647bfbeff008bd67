#include "model/streamed_layers.h"

#include <algorithm>

#include "test.h"

using namespace chaku;

TEST(layers_that_stay_are_spread) {
  for (const int32_t n_layers : {1, 2, 7, 48})
    for (int32_t n = 0; n <= n_layers + 1; ++n) {
      int32_t staying = 0, gap = 0, longest = 0;
      for (int32_t l = 0; l < n_layers; ++l) {
        const bool stays = stays_on_device(l, n, n_layers);
        staying += stays;
        gap = stays ? 0 : gap + 1;
        longest = std::max(longest, gap);
      }
      CHECK_EQ(staying, std::min(n, n_layers));
      if (n > 0) CHECK(longest <= (n_layers - 1) / n + 1);
    }
}

TEST(sizes_on_the_device) {
  const WeightSizes sizes{100, {10, 20, 30, 20, 10, 10}};
  CHECK_EQ(sizes.on_device(6), 200);
  CHECK_EQ(sizes.on_device(0), 100 + 2 * 30);
  // Of 3 of 6, the second, the fourth and the sixth stay.
  CHECK_EQ(sizes.on_device(3), 100 + 20 + 20 + 10 + 2 * 30);
  // One window for one layer.
  CHECK_EQ(sizes.on_device(5), 100 + 90 + 10);
  CHECK_EQ(sizes.most_layers(200), 6);
  CHECK_EQ(sizes.most_layers(160), 0);
  CHECK_EQ(sizes.most_layers(159), -1);
  for (int64_t bytes = 160; bytes <= 220; ++bytes) {
    const int32_t n = sizes.most_layers(bytes);
    CHECK(sizes.on_device(n) <= bytes);
    for (int32_t more = n + 1; more <= 6; ++more) CHECK(sizes.on_device(more) > bytes);
  }
}
