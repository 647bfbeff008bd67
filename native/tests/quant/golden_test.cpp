// Every format against the goldens in parity/quant: decoders bit for bit, closed-form encoders byte for byte, searching
// encoders by root-mean-square error.
#include <cctype>
#include <cstdint>
#include <fstream>
#include <sstream>

#include "quant/codec.h"
#include "quant/dtype.h"
#include "test.h"

namespace chaku {
namespace {

using test::skip;

std::vector<uint8_t> read(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) skip("no " + path);
  std::vector<uint8_t> bytes;
  uint8_t chunk[4096];
  for (size_t n; (n = std::fread(chunk, 1, sizeof chunk, file)) > 0;) bytes.insert(bytes.end(), chunk, chunk + n);
  std::fclose(file);
  return bytes;
}

std::vector<float> read_floats(const std::string& path) {
  const std::vector<uint8_t> bytes = read(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

// The folder of goldens and the stem of a format's files.
std::string golden(const std::string& name) {
  const std::string folder = test::reference_data();
  if (folder.empty()) skip("reference data is absent");
  return folder + "/parity/quant/" + name;
}

std::string golden(DType dtype) {
  std::string stem = dtype_info(dtype).name;
  for (char& c : stem) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return golden(stem);
}

std::vector<DType> all_formats() {
  std::vector<DType> all;
  for (int32_t id = 1; id < 64; ++id)
    if (find_dtype(id) != nullptr) all.push_back(static_cast<DType>(id));
  return all;
}

// Elements whose bits differ; two NaNs are equal, as their payload is nobody's contract.
int64_t different_bits(const std::vector<float>& a, const std::vector<float>& b) {
  int64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) ++count;
  return count;
}

void check_decode(DType dtype, const std::string& stem) {
  const std::vector<uint8_t> packed = read(stem + ".q");
  const std::vector<float> expected = read_floats(stem + ".deq.f32");
  const DTypeInfo& info = dtype_info(dtype);
  const int64_t n = static_cast<int64_t>(expected.size());
  CHECK_EQ(static_cast<int64_t>(packed.size()), row_bytes(dtype, n));
  for (size_t offset = 0; offset < 4; ++offset) {  // every misalignment that a mapping can have
    std::vector<uint8_t> shifted(packed.size() + offset);
    std::memcpy(shifted.data() + offset, packed.data(), packed.size());
    std::vector<float> actual(expected.size(), -1.0f);
    dequantize(dtype, shifted.data() + offset, actual.data(), n);
    const int64_t wrong = different_bits(actual, expected);
    if (wrong != 0)
      test::report(__FILE__, __LINE__,
                   std::string(info.name) + " offset " + std::to_string(offset) + ": " + std::to_string(wrong) +
                       " of " + std::to_string(n) + " elements differ");
  }
}

TEST(the_goldens_cover_every_format_but_f32) { CHECK_EQ(all_formats().size(), size_t{25}); }

TEST(every_format_decodes_the_encoders_blocks) {
  for (const DType dtype : all_formats()) check_decode(dtype, golden(dtype));
}

TEST(every_format_decodes_random_blocks) {
  for (const DType dtype : all_formats()) check_decode(dtype, golden(dtype) + ".rand");
}

TEST(closed_form_formats_encode_to_the_same_bytes) {
  const std::vector<float> input = read_floats(golden("input.f32"));
  for (const DType dtype :
       {DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0}) {
    const std::vector<uint8_t> expected = read(golden(dtype) + ".q");
    std::vector<uint8_t> actual(expected.size());
    CHECK(can_quantize(dtype));
    quantize(dtype, input.data(), actual.data(), static_cast<int64_t>(input.size()));
    if (actual != expected) test::report(__FILE__, __LINE__, std::string(dtype_info(dtype).name) + " bytes differ");
  }
}

// Half a unit of the last of the four digits that types.tsv gives.
bool no_worse(double rmse, const std::string& printed) {
  const double reference = std::stod(printed);
  const double unit = reference > 0 ? std::pow(10.0, std::floor(std::log10(reference)) - 3) : 0;
  return rmse <= reference + 0.5 * unit;
}

TEST(encoders_err_no_more_than_the_reference_in_any_row) {
  constexpr int kRows = 8, kColumns = 1024;
  const std::vector<float> input = read_floats(golden("input.f32"));
  CHECK_EQ(input.size(), size_t{kRows * kColumns});
  std::ifstream types(golden("types.tsv"));
  std::string line;
  std::getline(types, line);
  int n_formats = 0;
  while (std::getline(types, line)) {
    std::istringstream fields(line);
    std::string name, skipped;
    int32_t id;
    fields >> name >> id >> skipped >> skipped >> skipped >> skipped;
    if (find_dtype(id) == nullptr || !can_quantize(static_cast<DType>(id))) continue;
    ++n_formats;
    const DType dtype = static_cast<DType>(id);
    std::vector<uint8_t> packed(static_cast<size_t>(row_bytes(dtype, kRows * kColumns)));
    std::vector<float> decoded(input.size());
    quantize(dtype, input.data(), packed.data(), kRows * kColumns);
    dequantize(dtype, packed.data(), decoded.data(), kRows * kColumns);
    for (size_t row = 0; row < kRows; ++row) {
      std::string reference;
      fields >> reference;
      double sum = 0;
      for (size_t i = row * kColumns; i < (row + 1) * kColumns; ++i)
        sum += (double{decoded[i]} - input[i]) * (double{decoded[i]} - input[i]);
      const double rmse = std::sqrt(sum / kColumns);
      if (!no_worse(rmse, reference))
        test::report(
            __FILE__, __LINE__,
            name + " row " + std::to_string(row) + ": RMSE " + std::to_string(rmse) + ", reference " + reference);
    }
  }
  CHECK_EQ(n_formats, 15);
}

}  // namespace
}  // namespace chaku
