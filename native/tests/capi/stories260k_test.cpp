// A real trained model, built through chaku.h alone, against an independent float64 forward pass: the logits after each
// prompt, and every greedy token after it.
#include <algorithm>
#include <cstring>

#include "capi/support.h"

using namespace chaku::test;

namespace {

std::vector<char> read_file(const std::string& path) {
  std::vector<char> bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) skip("no " + path);
  std::fseek(file, 0, SEEK_END);
  bytes.resize(static_cast<size_t>(std::ftell(file)));
  std::rewind(file);
  if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) skip("cannot read " + path);
  std::fclose(file);
  return bytes;
}

// The numbers of the array under "key" after `from`; moves `from` past it. Enough JSON for this one file.
std::vector<double> numbers(const std::string& json, const char* key, size_t& from) {
  std::vector<double> values;
  const size_t at = json.find(std::string("\"").append(key).append("\""), from);
  if (at == std::string::npos) return values;
  const size_t open = json.find('[', at), close = json.find(']', open);
  const char* p = json.c_str() + open + 1;
  while (p < json.c_str() + close) {
    char* end = nullptr;
    const double value = std::strtod(p, &end);
    if (end == p) break;
    values.push_back(value);
    p = std::strpbrk(end, ",]") + 1;
  }
  from = close;
  return values;
}

struct Stories {
  std::string folder;
  Sizes sizes;
  std::vector<char> file;
};

Stories load() {
  if (reference_data().empty()) skip("no reference data: set CHAKU_REFERENCE_DATA");
  Stories s;
  s.folder = reference_data() + "/models/stories260K";
  s.file = read_file(s.folder + "/stories260K.bin");
  int32_t header[7];
  std::memcpy(header, s.file.data(), sizeof header);
  s.sizes.width = header[0];
  s.sizes.ff_width = header[1];
  s.sizes.n_layers = header[2];
  s.sizes.n_heads = header[3];
  s.sizes.n_kv_heads = header[4];
  s.sizes.vocab = header[5];
  s.sizes.head_dim = header[0] / header[3];
  return s;
}

// llama2.c's order: each kind of tensor for all layers, then the next kind. Mapped in place.
ModelHandle build(chaku_engine* engine, const Stories& s) {
  ModelHandle model;
  const chaku_decoder_options options = decoder_options(s.sizes);
  CHECK_OK(chaku_model_create(engine, &options, model.out()));
  set_rope_and_layers(model, s.sizes, 10000.0);
  int32_t file = -1;
  const std::string path = s.folder + "/stories260K.bin";
  CHECK_OK(chaku_model_map_file(model, path.c_str(), static_cast<int64_t>(s.file.size()), &file));
  const std::vector<chaku_tensor_options> tensors = required_tensors(s.sizes);
  int64_t offset = 7 * 4;
  for (const int32_t module :
       {CHAKU_TOKEN_EMBEDDING, CHAKU_ATTN_NORM, CHAKU_ATTN_Q, CHAKU_ATTN_K, CHAKU_ATTN_V, CHAKU_ATTN_OUTPUT,
        CHAKU_FFN_NORM, CHAKU_FFN_GATE, CHAKU_FFN_DOWN, CHAKU_FFN_UP, CHAKU_OUTPUT_NORM})
    for (const chaku_tensor_options& t : tensors) {
      if (t.module != module) continue;
      CHECK_OK(chaku_model_set_tensor_mapped(model, &t, file, offset));
      offset += t.rows * t.columns * 4;
    }
  CHECK_OK(chaku_model_seal(model));
  return model;
}

int32_t argmax(const std::vector<float>& logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

TEST(greedy_text_and_logits_equal_the_reference) {
  const Stories stories = load();
  const std::vector<char> bytes = read_file(stories.folder + "/expected-greedy-computed.json");
  const std::string json(bytes.begin(), bytes.end());
  EngineHandle engine = make_float32_engine();
  ModelHandle model = build(engine, stories);
  SingleText text(model, 512);

  size_t from = json.find("\"cases\"");
  int cases = 0;
  for (;; ++cases) {
    const std::vector<double> prompt = numbers(json, "prompt_ids_with_bos", from);
    if (prompt.empty()) break;
    const std::vector<double> sequence = numbers(json, "sequence_ids_without_bos", from);
    const std::vector<double> expected = numbers(json, "last_prompt_position_logits", from);
    std::vector<int32_t> ids(prompt.begin(), prompt.end());
    std::vector<float> logits(static_cast<size_t>(stories.sizes.vocab));
    CHECK_OK(chaku_sequence_truncate(text.text, 0));
    CHECK_OK(text.compute(ids.data(), static_cast<int32_t>(ids.size()), CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST,
                          logits.data(), stories.sizes.vocab));
    const std::vector<float> reference(expected.begin(), expected.end());
    CHECK_CLOSE(logits.data(), reference.data(), stories.sizes.vocab, 1e-4, 0.0);
    for (size_t i = prompt.size() - 1; i < sequence.size(); ++i) {
      const int32_t next = argmax(logits);
      CHECK_EQ(next, static_cast<int32_t>(sequence[i]));
      CHECK_OK(text.compute(&next, 1, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST, logits.data(), stories.sizes.vocab));
    }
  }
  CHECK_EQ(cases, 4);
}
