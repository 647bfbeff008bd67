#include "model/forward.h"

#include "model/experts.h"
#include "model/gated_queries.h"
#include "model/latent_attention.h"
#include "model/layer_inputs.h"
#include "model/linear.h"
#include "model/mixer.h"
#include "model/norms.h"
#include "model/positions.h"

namespace chaku {

namespace {

// One block's pass; the state that its steps share.
class BlockPass {
 public:
  BlockPass(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, int32_t layer,
            Activations& a) noexcept
      : d_(decoder),
        batch_(batch),
        layer_(layer),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)]),
        kv_layer_(static_cast<size_t>(spec_.kv_source >= 0 ? spec_.kv_source : layer)),
        cache_(cache.empty() ? nullptr : &cache[kv_layer_]),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        a_(a),
        block_(a.blocks[static_cast<size_t>(layer)]),
        in_(a.streams[static_cast<size_t>(layer)]),
        out_(a.streams[static_cast<size_t>(layer) + 1]),
        first_(decoder.spec->ends_keys(layer) ? batch.first_output_row : 0),
        rows_(batch.n_tokens - first_) {}

  void run() {
    halves();
    if (rows_ == 0) return;
    end();
    check_cancel();
  }

  void recompute() {
    halves();
    if (block_.layer_input.stream != nullptr)  // its backward pass reads what the layer ends with
      end();
    else if (weights_.norms[kNormFfnPost] != nullptr || is_magnified(d_.low_rank(layer_, kLinearDown)))
      // The backward pass of its norm or magnitudes reads the product.
      add_down(down_stream());
    check_cancel();
  }

 private:
  void check_cancel() const {
    if (d_.cancel != nullptr) d_.cancel->check();
  }

  // The products that end the second half block, and what a layer adds of an input of its own.
  void end() const {
    float* stream = down_stream();
    add_down(stream);
    if (!ends_with_input(*d_.spec, layer_)) return;
    check_cancel();
    add_layer_input(d_, layer_, first_, rows_, a_, block_, stream, out_ + first_ * d_.spec->width);
  }

  // Where the second half block leaves the stream, from row first_ on.
  float* down_stream() const noexcept {
    return block_.layer_input.stream != nullptr ? block_.layer_input.stream : out_ + first_ * d_.spec->width;
  }

  // Both half blocks but for the products that end the second. In a parallel layer the second reads what the first
  // does, before the first adds to the stream.
  void halves() const {
    attention();
    check_cancel();
    if (rows_ == 0) return;
    if (spec_.parallel) {
      const bool own = weights_.norms[kNormFfn] != nullptr;
      const int64_t skipped = first_ * d_.spec->width;
      feed_forward(own ? normed_input(kNormFfn, in_ + skipped, rows_, block_.inverse_rms_ffn) : a_.normed + skipped);
      add_attention();
    } else {
      add_attention();
      feed_forward(normed_input(kNormFfn, half_stream(), rows_, block_.inverse_rms_ffn));
    }
    check_cancel();
  }

  // y may be x.
  void norm(LayerNorm which, const float* x, int64_t m, float* y, float* inverse) const noexcept {
    apply_norm(d_, {weights_.norms[which], weights_.norm_biases[which], 1, x, y, inverse, m, d_.spec->width});
  }

  void head_norm(LayerNorm which, const float* x, int64_t m, int32_t n_heads, float* y, float* inverse) const noexcept {
    const Shape shape = spec_.head_norm(which);
    const int64_t n_rows = m * n_heads * spec_.head_dim / shape.columns;
    apply_norm(d_,
               {weights_.norms[which], weights_.norm_biases[which], shape.rows, x, y, inverse, n_rows, shape.columns});
  }

  // What the products of a half block read: its normed input, or without a norm the input itself.
  const float* normed_input(LayerNorm which, const float* x, int64_t m, float* inverse) const noexcept {
    if (weights_.norms[which] == nullptr) return x;
    norm(which, x, m, a_.normed, inverse);
    return a_.normed;
  }

  // stream += residual_scale * the product, or its norm. The product then goes to `kept` on a tape. Or the norm is of
  // the sum, in inference alone.
  void add_product(LayerLinear which, LayerNorm post, const float* x, float* kept, float* inverse,
                   float* stream) const noexcept {
    if (weights_.norms[post] == nullptr) {
      linear(which, x, rows_, stream, d_.spec->residual_scale, true);
      return;
    }
    if (spec_.norm_sums) {
      linear(which, x, rows_, stream, d_.spec->residual_scale, true);
      norm(post, stream, rows_, stream, nullptr);
      return;
    }
    float* product = kept != nullptr ? kept : a_.normed;
    linear(which, x, rows_, product);
    norm(post, product, rows_, a_.normed, inverse);
    d_.engine->run(&KernelTable::axpby,
                   AxpbyProblem{a_.normed, stream, rows_ * d_.spec->width, d_.spec->residual_scale, 1.0f});
  }

  LinearCall call_of(LayerLinear which, const float* x, int64_t m, float* y, float scale = 1.0f,
                     bool accumulate = false) const noexcept {
    LinearCall call = linear_call(d_, layer_, which, a_);
    call.x = x;
    call.y = y;
    call.m = m;
    call.bias_sum = a_.normed;  // free once the products of the half block's input are made
    call.scale = scale;
    call.accumulate = accumulate;
    return call;
  }

  void linear(LayerLinear which, const float* x, int64_t m, float* y, float scale = 1.0f,
              bool accumulate = false) const noexcept {
    const LinearCall call = call_of(which, x, m, y, scale, accumulate);
    apply_linears(d_, {&call, 1});
  }

  void rotate(float* x, int64_t first_row, int64_t m, int32_t n_heads) const noexcept {
    if (spec_.rope < 0) return;
    const size_t r = static_cast<size_t>(spec_.rope);
    const RopeSpec& rope = d_.spec->ropes[r];
    const int64_t offset = first_row * (rope.n_dims / 2);
    d_.engine->run(&KernelTable::rope,
                   RopeProblem{x, a_.cosines[r] + offset, a_.sines[r] + offset, m, int64_t{n_heads} * spec_.head_dim,
                               n_heads, spec_.head_dim, rope.n_dims, rope.pairing, false});
  }

  // Head norm and rotation of queries or keys; y may be the product.
  void heads(LayerNorm which, int64_t first_row, int64_t m, int32_t n_heads, float* product, float* inverse_rms,
             float* y) const noexcept {
    if (spec_.norm_after_rope) rotate(product, first_row, m, n_heads);
    if (weights_.norms[which] != nullptr) head_norm(which, product, m, n_heads, y, inverse_rms);
    if (!spec_.norm_after_rope) rotate(y, first_row, m, n_heads);
  }

  // Where a product goes that is normed by heads into y.
  float* head_product(LayerNorm which, float* raw, float* y) const noexcept {
    return weights_.norms[which] != nullptr && raw != nullptr ? raw : y;
  }

  void attention() const {
    const int64_t m = batch_.n_tokens;
    const int64_t d = d_.spec->width;
    const float* x = normed_input(kNormAttn, in_, m, block_.inverse_rms_attn);
    if (spec_.mixes()) return mix(d_, batch_, cache_ != nullptr ? cache_->memory_offset : 0, layer_, a_, block_);
    const CachedKeyValues kv = keys_values();
    if (spec_.is_latent()) return latent_attention(x, kv);
    float* q_product = head_product(kNormQ, block_.q_raw, block_.q);
    const LinearCall query = call_of(kLinearQ, x + first_ * d, rows_, spec_.gated_query ? a_.gated_queries : q_product);
    if (spec_.kv_source < 0)
      make_keys(x, kv, query);
    else if (rows_ > 0)
      apply_linears(d_, {&query, 1});
    if (rows_ == 0) return;
    if (spec_.gated_query) split_gated_queries(d_, spec_, rows_, a_.gated_queries, q_product, block_.query_gate);
    heads(kNormQ, first_, rows_, spec_.n_heads, q_product, block_.inverse_rms_q, block_.q);
    if (a_.query_factors != nullptr) scale_queries();
    attend(kv);
  }

  void copy_stream(const float* from, float* to) const noexcept {
    const int64_t d = d_.spec->width;
    d_.engine->run(&KernelTable::copy_rows, CopyRowsProblem{from, d, to, d, rows_, d});
  }

  // Where the layer reads keys and values.
  CachedKeyValues keys_values() const noexcept {
    const BlockActivations& from = a_.blocks[kv_layer_];
    return cache_ != nullptr ? *cache_ : CachedKeyValues{DType::kF32, from.k, from.v};
  }

  // Keys and values of x, and the product of queries beside them.
  void make_keys(const float* x, const CachedKeyValues& kv, const LinearCall& query) const noexcept {
    const int64_t m = batch_.n_tokens;
    float* k_product = head_product(kNormK, block_.k_raw, block_.k);
    float* v_product = head_product(kNormV, block_.v_raw, block_.v);
    const bool queries = rows_ > 0;
    if (spec_.values_are_keys) {
      const LinearCall calls[] = {call_of(kLinearK, x, m, k_product), query};
      apply_linears(d_, {calls, queries ? 2u : 1u});
      v_product = k_product;
    } else {
      const LinearCall calls[] = {call_of(kLinearK, x, m, k_product), call_of(kLinearV, x, m, v_product), query};
      apply_linears(d_, {calls, queries ? 3u : 2u});
    }
    if (spec_.value_norm) head_norm(kNormV, v_product, m, spec_.n_kv_heads, block_.v, block_.inverse_rms_v);
    heads(kNormK, 0, m, spec_.n_kv_heads, k_product, block_.inverse_rms_k, block_.k);
    keep_keys(kv);
  }

  void latent_attention(const float* x, CachedKeyValues kv) const {
    latent_queries_keys(d_, layer_, x, batch_.n_tokens, first_, a_, block_, block_.k);
    keep_keys(kv);
    if (rows_ == 0) return;
    if (a_.query_factors != nullptr) scale_queries();
    kv.v = kv.k;
    attend(kv);
    latent_values(d_, layer_, rows_, block_);
  }

  void scale_queries() const noexcept {
    d_.engine->run(&KernelTable::scale_rows,
                   ScaleRowsProblem{block_.q, a_.query_factors + first_, rows_, spec_.q_width()});
  }

  void add_attention() const noexcept {
    const int64_t skipped = first_ * d_.spec->width;
    float* h = half_stream();
    if (h != in_ + skipped) copy_stream(in_ + skipped, h);
    const LayerLinear which = spec_.mixes() ? kLinearMixOut : kLinearO;
    add_product(which, kNormAttnPost, attended(), block_.attn_product, block_.inverse_rms_attn_post, h);
  }

  // What attention, or a mixer in its place, gives to its output product, from row first_ on.
  const float* attended() const noexcept {
    if (spec_.mixes()) return a_.mixer.mixed + first_ * spec_.mixer.inner(d_.spec->width);
    if (spec_.is_latent()) return block_.latent.values;
    if (!spec_.gated_query) return block_.o;
    gate_attended(d_, spec_, rows_, block_.o, block_.query_gate, a_.gated_queries);
    return a_.gated_queries;
  }

  // The batch's keys and values, to where the cache has room for them.
  void keep_keys(const CachedKeyValues& kv) const noexcept {
    if (cache_ == nullptr) return;
    const auto keep = [&](const float* rows, void* to) {
      d_.engine->run(&KernelTable::encode_rows,
                     EncodeRowsProblem{rows, kv.dtype, to, batch_.n_tokens, spec_.kv_width(), batch_.cache_rows});
    };
    keep(block_.k, kv.k);
    if (!spec_.is_latent()) keep(block_.v, kv.v);  // latents are both
  }

  void attend(const CachedKeyValues& kv) const {
    AttentionProblem p;
    p.q = block_.q;
    p.kv_dtype = kv.dtype;
    if (kv.dtype == DType::kF32) {
      p.k = static_cast<const float*>(kv.k);
      p.v = static_cast<const float*>(kv.v);
    } else {
      p.k_encoded = kv.k;
      p.v_encoded = kv.v;
    }
    p.o = block_.o;
    p.lse = block_.lse;
    p.q_stride = p.o_stride = spec_.q_width();
    p.kv_stride = spec_.kv_width();
    p.n_heads = spec_.n_heads;
    p.n_kv_heads = spec_.n_kv_heads;
    p.head_dim = spec_.head_dim;
    p.scale = spec_.attention_scale;
    p.window = spec_.window;
    p.both_ways = spec_.both_ways;
    p.sinks = weights_.norms[kSinks];
    p.soft_cap = spec_.attention_soft_cap;
    p.slopes = weights_.slopes;
    // Queries before first_ were not computed; the others lie at the start of q.
    const std::span<const AttentionSpan> spans = first_ == 0 ? batch_.spans : batch_.output_spans;
    p.spans = spans.data();
    p.n_spans = static_cast<int64_t>(spans.size());
    p.role = d_.role;
    d_.engine->run(&KernelTable::attention, p);
  }

  // The residual stream between the halves, from row first_ on.
  float* half_stream() const noexcept { return block_.h != nullptr ? block_.h : out_ + first_ * d_.spec->width; }

  void feed_forward(const float* x) const noexcept {
    if (spec_.experts.n_experts > 0) return expert_inputs(d_, layer_, rows_, a_, block_);  // x is a_.normed
    const LinearCall calls[] = {call_of(kLinearUp, x, rows_, block_.up), call_of(kLinearGate, x, rows_, block_.gate)};
    apply_linears(d_, {calls, spec_.gated ? 2u : 1u});
  }

  void add_down(float* out) const noexcept {
    const float* h = half_stream();
    if (out != h) copy_stream(h, out);
    if (spec_.experts.n_experts > 0) return expert_outputs(d_, layer_, rows_, a_, block_, out);
    float* activated = spec_.gated ? block_.gate : block_.up;
    float* gated = a_.gated != nullptr ? a_.gated : activated;
    d_.engine->run(&KernelTable::gated_activation,
                   GatedActivationProblem{activated, spec_.gated ? block_.up : nullptr, gated, rows_ * spec_.ff_width,
                                          spec_.activation});
    add_product(kLinearDown, kNormFfnPost, gated, block_.ffn_product, block_.inverse_rms_ffn_post, out);
  }

  const Decoder& d_;
  const Batch& batch_;
  int32_t layer_;
  const LayerSpec& spec_;
  size_t kv_layer_;  // whose keys and values are read
  const CachedKeyValues* cache_;
  const LayerWeights& weights_;
  const Activations& a_;
  const BlockActivations& block_;
  const float* in_;
  float* out_;
  int64_t first_;  // rows before it are not asked for
  int64_t rows_;
};

}  // namespace

void recompute_block(const Decoder& decoder, const Batch& batch, int32_t layer, Activations& a) {
  const auto held = bring(*decoder.weights, layer, StreamedLayers::Next::kBelow);
  BlockPass(decoder, batch, {}, layer, a).recompute();
}

void enter_blocks(const Decoder& decoder, const Batch& batch, Activations& a) {
  fill_position_tables(decoder, batch, a);
  float* x = a.streams.front();
  embed(decoder, batch, a.normed, x);
  if (const Weights& w = *decoder.weights; w.embedding_norm != nullptr)
    apply_norm(decoder,
               {w.embedding_norm, w.embedding_norm_bias, 1, x, x, nullptr, batch.n_tokens, decoder.spec->width});
  fill_layer_inputs(decoder, batch, a);
}

void run_blocks(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, LayerRange layers,
                Activations& a) {
  using enum StreamedLayers::Next;
  for (int32_t l = layers.begin; l < layers.end; ++l) {
    // A backward pass begins where a training's forward pass ends; others begin anew.
    const auto held = bring(*decoder.weights, l, decoder.role == Role::kTraining ? kAbove : kAround);
    if (a.offloaded != nullptr)
      a.offloaded->keep(l, batch.n_tokens * decoder.spec->width * static_cast<int64_t>(sizeof(float)));
    BlockPass(decoder, batch, cache, l, a).run();
  }
}

void forward(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, Activations& a) {
  enter_blocks(decoder, batch, a);
  run_blocks(decoder, batch, cache, {0, decoder.spec->n_layers()}, a);
}

}  // namespace chaku
