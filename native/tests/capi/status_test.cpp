#include <string>
#include <thread>

#include "capi/support.h"

using namespace chaku::test;

TEST(version_is_set) { CHECK(chaku_version() >= 100); }

TEST(last_error_is_the_threads_own) {
  CHECK(chaku_last_error() != nullptr);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_seal(nullptr));
  const std::string mine = chaku_last_error();
  CHECK(mine.find("[seal] expected model, got null") == 0);
  std::thread other([] {
    CHECK(std::string(chaku_last_error()).empty());
    CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_dequantize(12345, nullptr, 0, nullptr, 0));
  });
  other.join();
  CHECK(mine == chaku_last_error());
}

TEST(long_messages_are_cut_not_overrun) {
  EngineHandle engine = make_engine(1);
  ModelHandle model;
  const chaku_decoder_options options = decoder_options({});
  CHECK_OK(chaku_model_create(engine, &options, model.out()));
  const std::string path(5000, 'x');
  int32_t file = -7;
  CHECK_FAILS(CHAKU_IO_ERROR, chaku_model_map_file(model, path.c_str(), 1, &file));
  CHECK_EQ(file, -7);
  CHECK(std::strlen(chaku_last_error()) < 1024);
}
