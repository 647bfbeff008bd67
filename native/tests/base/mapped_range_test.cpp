#include "base/mapped_range.h"

#include <unistd.h>

#include <string>

#include "base/error.h"
#include "test.h"

using namespace chaku;

namespace {

// A file of ten bytes that goes away again.
struct TemporaryFile {
  char path[64] = "/tmp/chaku_mapped_range_XXXXXX";
  TemporaryFile() {
    const int fd = ::mkstemp(path);
    if (fd < 0 || ::write(fd, "0123456789", 10) != 10) test::skip("no temporary folder");
    ::close(fd);
  }
  ~TemporaryFile() { ::unlink(path); }
};

Code code_of(const char* path, int64_t n_bytes) {
  try {
    MappedRange range(path, n_bytes);
    return Code::kOk;
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find(path) != std::string::npos);
    return e.code();
  }
}

}  // namespace

TEST(maps_the_whole_file) {
  const TemporaryFile file;
  MappedRange range(file.path, 10);
  CHECK_EQ(range.n_bytes(), 10);
  CHECK(std::memcmp(range.data(), "0123456789", 10) == 0);
  const MappedRange moved(std::move(range));
  CHECK(range.data() == nullptr);
  CHECK(std::memcmp(moved.data(), "0123456789", 10) == 0);
}

TEST(a_file_cut_short_is_named) {
  const TemporaryFile file;
  const auto message_of = [](const MappedRange& range) {
    try {
      range.check_size();
      return std::string();
    } catch (const Error& e) {
      CHECK(e.code() == Code::kIoError);
      return std::string(e.what());
    }
  };
  const MappedRange first(file.path, 10);
  CHECK(message_of(first).empty());
  CHECK_EQ(::truncate(file.path, 12), 0);  // what was mapped is still there
  CHECK(message_of(first).empty());
  CHECK_EQ(::truncate(file.path, 4), 0);
  const std::string message = message_of(first);
  CHECK(message.find("10 bytes") != std::string::npos && message.find("found 4") != std::string::npos);
  CHECK(message.find(file.path) != std::string::npos);
}

// Another file under its name does no harm: the one that is mapped lives on.
TEST(a_file_replaced_by_another_is_still_whole) {
  const TemporaryFile file;
  const MappedRange range(file.path, 10);
  CHECK_EQ(::unlink(file.path), 0);
  range.check_size();
  CHECK(std::memcmp(range.data(), "0123456789", 10) == 0);
}

TEST(refuses_what_is_not_the_file_expected) {
  const TemporaryFile file;
  CHECK(code_of(file.path, 10) == Code::kOk);
  CHECK(code_of(file.path, 9) == Code::kIoError);
  CHECK(code_of(file.path, INT64_MAX) == Code::kIoError);
  CHECK(code_of(file.path, 0) == Code::kInvalidArgument);
  CHECK(code_of(file.path, -1) == Code::kInvalidArgument);
  CHECK(code_of("/nowhere/at/all", 10) == Code::kIoError);
  CHECK(code_of("/tmp", 10) == Code::kIoError);
}
