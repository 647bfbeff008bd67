// An independent forward pass in float64, written from the formulas: the oracle of the one in src/model.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "model/weights.h"
#include "quant/codec.h"

namespace chaku::test {

using Row = std::vector<double>;

class Oracle {
 public:
  // kv_dtype: what keys and values are rounded to before attention reads them.
  Oracle(const DecoderSpec& spec, const Weights& weights, const LowRanks* low_ranks = nullptr,
         DType kv_dtype = DType::kF32)
      : spec_(spec), w_(weights), low_ranks_(low_ranks), kv_dtype_(kv_dtype) {}

  // Logits of every position of one sequence.
  std::vector<Row> logits(const std::vector<int32_t>& tokens) const {
    const std::vector<Row> x = streams(tokens);
    std::vector<Row> result;
    for (const Row& row : x) {
      const LowRank* low_rank = low_ranks_ != nullptr ? &low_ranks_->output : nullptr;
      Row y = linear(w_.output, low_rank, norm(row, w_.output_norm, w_.output_norm_bias, 0, spec_.width));
      for (double& v : y) v = capped(v * spec_.logit_scale, spec_.logit_soft_cap);
      result.push_back(y);
    }
    return result;
  }

  // What each token's last state is.
  std::vector<Row> states(const std::vector<int32_t>& tokens, const std::vector<int32_t>& types = {}) const {
    types_ = types;
    std::vector<Row> x = streams(tokens);
    for (Row& row : x) row = norm(row, w_.output_norm, w_.output_norm_bias, 0, spec_.width);
    types_.clear();
    return x;
  }

  // What the head makes of a row.
  Row head(Row x) const {
    if (spec_.head.dense_width > 0) {
      x = linear(w_.head_dense, nullptr, x);
      for (double& v : x) {
        if (spec_.head.activation == HeadActivation::kTanh) v = std::tanh(v);
        if (spec_.head.activation == HeadActivation::kGelu) v = gelu(v);
      }
      x = norm(x, w_.head_norm, w_.head_norm_bias, 0, spec_.head.dense_width);
    }
    return spec_.head.out_width > 0 ? linear(w_.head_out, nullptr, x) : x;
  }

  // The least difference between the last router logit that was selected and the first that was not, so far.
  double margin() const { return margin_; }

 private:
  static double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

  // The residual stream behind the last layer.
  std::vector<Row> streams(const std::vector<int32_t>& tokens) const {
    std::vector<Row> x;
    for (size_t t = 0; t < tokens.size(); ++t) x.push_back(embed(tokens[t], static_cast<int64_t>(t)));
    inputs_.clear();
    for (size_t t = 0; t < tokens.size(); ++t) inputs_.push_back(layer_inputs(tokens[t], x[t]));
    keys_.assign(spec_.layers.size(), {});
    values_.assign(spec_.layers.size(), {});
    for (int32_t l = 0; l < spec_.n_layers(); ++l) block(l, x);
    return x;
  }

  static Row matrix_row(const Matrix& m, int64_t row) {
    std::vector<float> values(static_cast<size_t>(m.columns));
    dequantize(m.dtype, static_cast<const std::byte*>(m.data) + row * m.stride_bytes(), values.data(), m.columns);
    return Row(values.begin(), values.end());
  }

  static double capped(double x, float cap) { return cap > 0.0f ? cap * std::tanh(x / cap) : x; }

  Row embed(int32_t token, int64_t position) const {
    Row row = matrix_row(w_.token_embedding, token);
    for (double& v : row) v *= spec_.embedding_scale;
    if (w_.position_embedding.data != nullptr) {
      const Row at = matrix_row(w_.position_embedding, position);
      for (size_t i = 0; i < row.size(); ++i) row[i] += at[i];
    }
    if (w_.type_embedding.data != nullptr) {
      const Row of_type = matrix_row(w_.type_embedding, types_.empty() ? 0 : types_[static_cast<size_t>(position)]);
      for (size_t i = 0; i < row.size(); ++i) row[i] += of_type[i];
    }
    return norm(row, w_.embedding_norm, w_.embedding_norm_bias, 0, spec_.width);
  }

  // Of all layers.
  Row layer_inputs(int32_t token, const Row& embedding) const {
    const LayerInputSpec& s = spec_.layer_inputs;
    if (s.width == 0) return {};
    Row y = matrix_row(w_.layer_input_table, token);
    Row projected = linear({w_.layer_input_projection, nullptr}, nullptr, embedding);
    for (double& v : projected) v *= s.projection_scale;
    for (size_t i = 0; i < y.size(); i += static_cast<size_t>(s.width)) {
      const Row n = norm(projected, w_.layer_input_norm, nullptr, i, s.width);
      for (size_t j = 0; j < n.size(); ++j) y[i + j] = s.scale * (s.table_scale * y[i + j] + n[j]);
    }
    return y;
  }

  void end_layer(int32_t l, const Row& input, Row& x) const {
    const LayerSpec& layer = spec_.layers[l];
    if (spec_.layer_inputs.width > 0) {
      Row gate = project(l, kLinearLayerGate, x);
      for (size_t i = 0; i < gate.size(); ++i)
        gate[i] = activate(layer, gate[i], input[static_cast<size_t>(l) * gate.size() + i]);
      const Row y =
          norm(project(l, kLinearLayerOut, gate), w_.layers[l].norms[kNormLayerInput], nullptr, 0, spec_.width);
      for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
    }
    for (double& v : x) v *= layer.output_scale;
  }

  // Without a weight, x itself.
  Row norm(const Row& x, const float* weight, const float* bias, size_t begin, int64_t d) const {
    if (weight == nullptr) return x;
    double mean = 0, squares = 0;
    if (spec_.norm_kind == NormKind::kLayer)
      for (int64_t i = 0; i < d; ++i) mean += x[begin + i] / static_cast<double>(d);
    for (int64_t i = 0; i < d; ++i) squares += (x[begin + i] - mean) * (x[begin + i] - mean);
    const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(d) + spec_.norm_epsilon);
    Row y(static_cast<size_t>(d));
    for (int64_t i = 0; i < d; ++i)
      y[i] = (x[begin + i] - mean) * inverse * weight[i] + (bias != nullptr ? bias[i] : 0.0);
    return y;
  }

  static Row linear(const Linear& linear, const LowRank* low_rank, const Row& x) {
    Row y(static_cast<size_t>(linear.w.rows), 0.0);
    for (int64_t n = 0; n < linear.w.rows; ++n) {
      const Row w = matrix_row(linear.w, n);
      for (size_t k = 0; k < x.size(); ++k) y[n] += x[k] * w[k];
      if (linear.bias != nullptr) y[n] += linear.bias[n];
      if (low_rank == nullptr) continue;
      for (int32_t r = 0; r < low_rank->rank; ++r) {
        double u = 0;
        for (size_t k = 0; k < x.size(); ++k) u += x[k] * low_rank->a[r * x.size() + k];
        y[n] += low_rank->scale * u * low_rank->b[n * low_rank->rank + r];
      }
    }
    return y;
  }

  Row project(int32_t l, LayerLinear which, const Row& x) const {
    const LowRank* low_rank = low_ranks_ != nullptr ? &low_ranks_->layers[l][which] : nullptr;
    return linear(w_.layers[l].linears[which], low_rank, x);
  }

  void norm_heads(const LayerSpec& layer, const LayerWeights& w, LayerNorm which, Row& x) const {
    if (w.norms[which] == nullptr) return;
    const Shape shape = layer.head_norm(which);
    for (size_t at = 0, row = 0; at < x.size(); at += static_cast<size_t>(shape.columns), ++row) {
      const int64_t offset = static_cast<int64_t>(row) % shape.rows * shape.columns;
      const float* bias = w.norm_biases[which] != nullptr ? w.norm_biases[which] + offset : nullptr;
      const Row y = norm(x, w.norms[which] + offset, bias, at, shape.columns);
      std::copy(y.begin(), y.end(), x.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  // Head norm and rotation of one token's heads.
  void finish_heads(const LayerSpec& layer, const LayerWeights& w, LayerNorm which, int32_t n_heads, size_t position,
                    size_t context, Row& x) const {
    if (!layer.norm_after_rope) norm_heads(layer, w, which, x);
    rotate(layer, n_heads, position, context, x);
    if (layer.norm_after_rope) norm_heads(layer, w, which, x);
    if (which != kNormQ || spec_.query_temperature == 0.0f) return;
    const auto steps = static_cast<double>(position / static_cast<size_t>(spec_.query_temperature_length));
    for (double& v : x) v *= 1.0 + spec_.query_temperature * std::log(1.0 + steps);
  }

  void rotate(const LayerSpec& layer, int32_t n_heads, size_t position, size_t context, Row& x) const {
    if (layer.rope < 0) return;
    const RopeSpec& rope = spec_.ropes[layer.rope];
    const bool longer = rope.long_after > 0 && context > static_cast<size_t>(rope.long_after);
    const double* frequencies = rope.inverse_frequencies.data() + (longer ? rope.n_dims / 2 : 0);
    for (int32_t h = 0; h < n_heads; ++h) {
      const size_t at = static_cast<size_t>(h * layer.head_dim);
      for (int32_t i = 0; i < rope.n_dims / 2; ++i) {
        const bool adjacent = rope.pairing == RopePairing::kAdjacent;
        double& a = x[at + (adjacent ? 2 * i : i)];
        double& b = x[at + (adjacent ? 2 * i + 1 : i + rope.n_dims / 2)];
        const double angle = static_cast<double>(position) * frequencies[i];
        const double c = std::cos(angle) * rope.magnitude, s = std::sin(angle) * rope.magnitude;
        const double rotated = a * c - b * s;
        b = a * s + b * c;
        a = rotated;
      }
    }
  }

  void block(int32_t l, std::vector<Row>& x) const {
    const LayerSpec& layer = spec_.layers[l];
    const LayerWeights& w = w_.layers[l];
    std::vector<Row> n;
    for (const Row& row : x) n.push_back(norm(row, w.norms[kNormAttn], w.norm_biases[kNormAttn], 0, spec_.width));
    const std::vector<Row> attended = layer.mixes() ? mix(l, n) : layer.is_latent() ? latents(l, n) : attention(l, n);
    for (size_t t = 0; t < x.size(); ++t) {
      const Row before = x[t];
      const Row o = project(l, layer.mixes() ? kLinearMixOut : kLinearO, attended[t]);
      add_half(layer, o, w.norms[kNormAttnPost], w.norm_biases[kNormAttnPost], x[t]);
      const LayerNorm which = layer.parallel && w.norms[kNormFfn] == nullptr ? kNormAttn : kNormFfn;
      const Row in = norm(layer.parallel ? before : x[t], w.norms[which], w.norm_biases[which], 0, spec_.width);
      const Row down = layer.experts.n_experts > 0 ? experts(l, in) : project(l, kLinearDown, feed_forward(l, in));
      add_half(layer, down, w.norms[kNormFfnPost], w.norm_biases[kNormFfnPost], x[t]);
      end_layer(l, inputs_[t], x[t]);
    }
  }

  // What attention gives to its output product, of normed inputs.
  std::vector<Row> attention(int32_t l, const std::vector<Row>& x) const {
    const LayerSpec& layer = spec_.layers[l];
    const LayerWeights& w = w_.layers[l];
    std::vector<Row> q, gates, o;
    const size_t source = static_cast<size_t>(layer.kv_source < 0 ? l : layer.kv_source);
    std::vector<Row>&k = keys_[source], &v = values_[source];
    for (size_t t = 0; t < x.size(); ++t) {
      q.push_back(project(l, kLinearQ, x[t]));
      gates.push_back(layer.gated_query ? split_gates(layer, q[t]) : Row());
      finish_heads(layer, w, kNormQ, layer.n_heads, t, x.size(), q[t]);
      if (layer.kv_source >= 0) continue;
      k.push_back(project(l, kLinearK, x[t]));
      v.push_back(layer.values_are_keys ? k[t] : project(l, kLinearV, x[t]));
      if (layer.value_norm) norm_heads(layer, w, kNormV, v[t]);
      finish_heads(layer, w, kNormK, layer.n_kv_heads, t, x.size(), k[t]);
      round_to_cache(k[t]);
      round_to_cache(v[t]);
    }
    for (size_t t = 0; t < x.size(); ++t) {
      o.push_back(attend(layer, w.norms[kSinks], q[t], k, v, t));
      for (size_t i = 0; i < gates[t].size(); ++i) o[t][i] *= sigmoid(gates[t][i]);
    }
    return o;
  }

  // The product with Kb and Vb that makes keys, plain parts alone, and values of a latent, with additions to both.
  void expand(int32_t l, const Row& latent, Row& keys, Row& values) const {
    const LayerSpec& layer = spec_.layers[l];
    const LatentSpec& s = layer.latent;
    const LowRank* pair = low_ranks_ != nullptr ? &low_ranks_->layers[l][kLinearKvB] : nullptr;
    const auto added = [&](int64_t row) {
      double sum = 0;
      for (int32_t r = 0; pair != nullptr && r < pair->rank; ++r) {
        double u = 0;
        for (int32_t i = 0; i < s.kv_rank; ++i) u += pair->a[r * s.kv_rank + i] * latent[i];
        sum += pair->scale * u * pair->b[row * pair->rank + r];
      }
      return sum;
    };
    for (int64_t h = 0; h < layer.n_heads; ++h) {
      const int64_t first = h * (s.plain_dim + s.value_dim);
      Row key(static_cast<size_t>(s.plain_dim), 0.0);
      for (int32_t i = 0; i < s.kv_rank; ++i) {
        const Row row = matrix_row(w_.layers[l].linears[kLinearKB].w, h * s.kv_rank + i);
        for (size_t j = 0; j < key.size(); ++j) key[j] += row[j] * latent[i];
      }
      for (size_t j = 0; j < key.size(); ++j) keys.push_back(key[j] + added(first + static_cast<int64_t>(j)));
      for (int32_t j = 0; j < s.value_dim; ++j) {
        const Row row = matrix_row(w_.layers[l].linears[kLinearVB].w, h * s.value_dim + j);
        double value = added(first + s.plain_dim + j);
        for (int32_t i = 0; i < s.kv_rank; ++i) value += row[i] * latent[i];
        values.push_back(value);
      }
    }
  }

  // attention() of a layer with latents: of every head's own keys and values.
  std::vector<Row> latents(int32_t l, const std::vector<Row>& x) const {
    const LayerSpec& layer = spec_.layers[l];
    const LatentSpec& s = layer.latent;
    const LayerWeights& w = w_.layers[l];
    const size_t dim = static_cast<size_t>(s.query_dim()), plain = static_cast<size_t>(s.plain_dim);
    LayerSpec part = layer;  // of the rotated part of one head
    part.head_dim = s.rope_dim;
    const auto rotated = [&](const Row& row, size_t at, size_t t) {
      Row y(row.begin() + static_cast<std::ptrdiff_t>(at), row.begin() + static_cast<std::ptrdiff_t>(at) + s.rope_dim);
      rotate(part, 1, t, x.size(), y);
      return y;
    };
    std::vector<Row> q, k, v, o;
    for (size_t t = 0; t < x.size(); ++t) {
      Row query = s.q_rank == 0 ? project(l, kLinearQ, x[t])
                                : project(l, kLinearQB,
                                          norm(project(l, kLinearQA, x[t]), w.norms[kNormQA], nullptr, 0, s.q_rank));
      for (size_t h = 0; h < static_cast<size_t>(layer.n_heads); ++h) {
        const Row y = rotated(query, h * dim + plain, t);
        std::copy(y.begin(), y.end(), query.begin() + static_cast<std::ptrdiff_t>(h * dim + plain));
      }
      if (spec_.query_temperature != 0.0f)
        for (double& value : query)
          value *=
              1.0 + spec_.query_temperature *
                        std::log(1.0 + static_cast<double>(t / static_cast<size_t>(spec_.query_temperature_length)));
      q.push_back(query);
      const Row raw = project(l, kLinearKvA, x[t]);
      Row kept = norm(raw, w.norms[kNormKvA], nullptr, 0, s.kv_rank);
      const Row p = rotated(raw, static_cast<size_t>(s.kv_rank), t);
      kept.insert(kept.end(), p.begin(), p.end());
      round_to_cache(kept);
      Row keys, values, all;
      expand(l, kept, keys, values);
      for (size_t h = 0; h < static_cast<size_t>(layer.n_heads); ++h) {
        all.insert(all.end(), keys.begin() + static_cast<std::ptrdiff_t>(h * plain),
                   keys.begin() + static_cast<std::ptrdiff_t>((h + 1) * plain));
        all.insert(all.end(), kept.begin() + s.kv_rank, kept.end());
      }
      k.push_back(all);
      v.push_back(values);
    }
    for (size_t t = 0; t < x.size(); ++t) o.push_back(attend_latent(layer, q[t], k, v, t));
    return o;
  }

  static Row attend_latent(const LayerSpec& layer, const Row& q, const std::vector<Row>& k, const std::vector<Row>& v,
                           size_t t) {
    const size_t dim = static_cast<size_t>(layer.latent.query_dim()), dv = static_cast<size_t>(layer.latent.value_dim);
    Row o(static_cast<size_t>(layer.n_heads) * dv, 0.0);
    for (size_t h = 0; h < static_cast<size_t>(layer.n_heads); ++h) {
      double sum = 0;
      for (size_t j = 0; j <= t; ++j) {
        double score = 0;
        for (size_t i = 0; i < dim; ++i) score += q[h * dim + i] * k[j][h * dim + i];
        const double weight = std::exp(score * layer.attention_scale);
        sum += weight;
        for (size_t i = 0; i < dv; ++i) o[h * dv + i] += weight * v[j][h * dv + i];
      }
      for (size_t i = 0; i < dv; ++i) o[h * dv + i] /= sum;
    }
    return o;
  }

  // Takes the gates out of a row of queries, each head of which they follow.
  static Row split_gates(const LayerSpec& layer, Row& q) {
    Row queries, gates;
    for (size_t i = 0; i < q.size(); ++i)
      (i / static_cast<size_t>(layer.head_dim) % 2 == 0 ? queries : gates).push_back(q[i]);
    q = queries;
    return gates;
  }

  static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
  static double silu(double x) { return x * sigmoid(x); }

  // The last rows of x through the taps of layer l, at row t.
  Row convolve(int32_t l, const std::vector<Row>& x, size_t t) const {
    const size_t taps = static_cast<size_t>(spec_.layers[l].mixer.taps);
    const float* w = w_.layers[l].norms[kMixTaps];
    Row y(x[t].size(), 0.0);
    for (size_t c = 0; c < y.size(); ++c)
      for (size_t i = 0; i < taps && i <= t; ++i) y[c] += w[c * taps + taps - 1 - i] * x[t - i][c];
    return y;
  }

  std::vector<Row> mix(int32_t l, const std::vector<Row>& x) const {
    const MixerSpec& m = spec_.layers[l].mixer;
    const bool delta = m.kind == MixerKind::kDeltaRule;
    std::vector<Row> in, out;
    for (const Row& row : x) {
      in.push_back(project(l, kLinearMixIn, row));
      if (delta) continue;
      const Row gate = project(l, kLinearMixInputGate, row);
      for (size_t i = 0; i < gate.size(); ++i) in.back()[i] *= gate[i];
    }
    std::vector<Row> memories(static_cast<size_t>(m.n_value_heads), Row(static_cast<size_t>(m.key_dim * m.value_dim)));
    for (size_t t = 0; t < x.size(); ++t) {
      Row y = convolve(l, in, t);
      const Row gate = project(l, kLinearMixGate, x[t]);
      if (delta) {
        for (double& v : y) v = silu(v);
        y = recall(l, x[t], y, memories);
      }
      for (size_t i = 0; i < y.size(); ++i) y[i] *= delta ? silu(gate[i]) : gate[i];
      out.push_back(y);
    }
    return out;
  }

  Row unit(const Row& x, size_t begin, size_t n) const {
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += x[begin + i] * x[begin + i];
    const double length = std::max(std::sqrt(squares), static_cast<double>(spec_.norm_epsilon));
    Row y;
    for (size_t i = 0; i < n; ++i) y.push_back(x[begin + i] / length);
    return y;
  }

  // One token through the delta rule and the norm of its heads; x is the layer's input, qkv what was convolved.
  Row recall(int32_t l, const Row& x, const Row& qkv, std::vector<Row>& memories) const {
    const MixerSpec& m = spec_.layers[l].mixer;
    const LayerWeights& w = w_.layers[l];
    const size_t heads = static_cast<size_t>(m.n_value_heads), keys = static_cast<size_t>(m.n_key_heads);
    const size_t dk = static_cast<size_t>(m.key_dim), dv = static_cast<size_t>(m.value_dim);
    const Row beta = project(l, kLinearMixBeta, x), alpha = project(l, kLinearMixAlpha, x);
    Row out;
    for (size_t h = 0; h < heads; ++h) {
      const size_t at = (m.tiled ? h % keys : h / (heads / keys)) * dk;
      const Row q = unit(qkv, at, dk), k = unit(qkv, keys * dk + at, dk);
      const double keep = std::exp(w.norms[kMixRate][h] * std::log1p(std::exp(alpha[h])));
      Row& memory = memories[h];  // [dk][dv]
      Row o(dv, 0.0);
      for (size_t j = 0; j < dv; ++j) {
        double recalled = 0;
        for (size_t i = 0; i < dk; ++i) recalled += keep * memory[i * dv + j] * k[i];
        const double u = sigmoid(beta[h]) * (qkv[2 * keys * dk + h * dv + j] - recalled);
        for (size_t i = 0; i < dk; ++i) {
          memory[i * dv + j] = keep * memory[i * dv + j] + k[i] * u;
          o[j] += memory[i * dv + j] * q[i] / std::sqrt(static_cast<double>(dk));
        }
      }
      const Row normed = norm(o, w.norms[kMixNorm], nullptr, 0, static_cast<int64_t>(dv));
      out.insert(out.end(), normed.begin(), normed.end());
    }
    return out;
  }

  Row feed_forward(int32_t l, const Row& x) const {
    const LayerSpec& layer = spec_.layers[l];
    const Row up = project(l, kLinearUp, x);
    Row y = layer.gated ? project(l, kLinearGate, x) : up;
    for (size_t i = 0; i < y.size(); ++i) y[i] = activate(layer, y[i], layer.gated ? up[i] : 1.0);
    return y;
  }

  static double activate(const LayerSpec& layer, double gate, double up) {
    if (layer.activation == Activation::kSilu) return gate / (1.0 + std::exp(-gate)) * up;
    if (layer.activation == Activation::kGeluTanh)
      return 0.5 * gate * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (gate + 0.044715 * gate * gate * gate))) * up;
    if (layer.activation == Activation::kGelu) return gelu(gate) * up;
    gate = std::min(gate, 7.0);
    return gate / (1.0 + std::exp(-1.702 * gate)) * (std::clamp(up, -7.0, 7.0) + 1.0);
  }

  // One expert's product, or an ordinary one with expert 0 of 1.
  Row project_expert(int32_t l, LayerLinear which, int64_t expert, const Row& x) const {
    const int64_t n_experts = spec_.n_stacked(l, which);
    Linear one = w_.layers[l].linears[which];
    one.w.rows /= n_experts;
    one.w.data = static_cast<const std::byte*>(one.w.data) + expert * one.w.rows * one.w.stride_bytes();
    if (one.bias != nullptr) one.bias += expert * one.w.rows;
    if (low_ranks_ == nullptr) return linear(one, nullptr, x);
    LowRank low_rank = low_ranks_->layers[l][which];
    low_rank.a += expert * low_rank.rank * one.w.columns;
    low_rank.b += expert * one.w.rows * low_rank.rank;
    return linear(one, &low_rank, x);
  }

  void add_expert(int32_t l, LayerLinear gate_of, int64_t expert, double weight, const Row& x, Row& sum) const {
    const auto up_of = static_cast<LayerLinear>(gate_of + 1), down_of = static_cast<LayerLinear>(gate_of + 2);
    Row gate = project_expert(l, gate_of, expert, x);
    const Row up = project_expert(l, up_of, expert, x);
    for (size_t i = 0; i < gate.size(); ++i) gate[i] = activate(spec_.layers[l], gate[i], up[i]);
    const Row y = project_expert(l, down_of, expert, gate);
    for (size_t i = 0; i < y.size(); ++i) sum[i] += weight * y[i];
  }

  // By which experts are selected: logits, or with a bias or groups what these are added to or picked by.
  Row selection_scores(int32_t l, const Row& z) const {
    const ExpertSpec& e = spec_.layers[l].experts;
    const float* bias = w_.layers[l].norms[kSelection];
    if (bias == nullptr && e.n_groups < 2) return z;
    double total = 0;
    for (const double v : z) total += std::exp(v);
    Row scores;
    for (size_t i = 0; i < z.size(); ++i)
      scores.push_back((e.gating == Gating::kSigmoid ? sigmoid(z[i]) : std::exp(z[i]) / total) +
                       (bias != nullptr ? bias[i] : 0.0));
    if (e.n_groups < 2) return scores;
    const size_t size = z.size() / static_cast<size_t>(e.n_groups);
    std::vector<std::pair<double, size_t>> groups;
    for (size_t g = 0; g < static_cast<size_t>(e.n_groups); ++g) {
      Row group(scores.begin() + static_cast<std::ptrdiff_t>(g * size),
                scores.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
      std::sort(group.rbegin(), group.rend());
      groups.push_back({-(group[0] + (size > 1 ? group[1] : 0.0)), g});
    }
    std::sort(groups.begin(), groups.end());
    margin_ = std::min(margin_, groups[static_cast<size_t>(e.n_groups_used)].first -
                                    groups[static_cast<size_t>(e.n_groups_used) - 1].first);
    for (size_t i = static_cast<size_t>(e.n_groups_used); i < groups.size(); ++i)
      for (size_t j = 0; j < size; ++j) scores[groups[i].second * size + j] = -HUGE_VAL;
    return scores;
  }

  Row experts(int32_t l, const Row& x) const {
    const ExpertSpec& e = spec_.layers[l].experts;
    const Row z = linear(w_.layers[l].linears[kLinearRouter], nullptr, x);
    const Row scores = selection_scores(l, z);
    std::vector<size_t> order(z.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    const auto exponentials = [&](size_t n) {
      double total = 0;
      for (size_t i = 0; i < n; ++i) total += std::exp(z[order[i]]);
      return total;
    };
    const size_t used = static_cast<size_t>(e.n_used);
    if (used < z.size()) margin_ = std::min(margin_, scores[order[used - 1]] - scores[order[used]]);
    const double total = exponentials(e.gating == Gating::kSoftmax ? z.size() : used);
    Row weights;
    double sum = 0;
    for (size_t u = 0; u < used; ++u) {
      const double power = std::exp(z[order[u]]);
      weights.push_back(e.gating == Gating::kSigmoid ? power / (1.0 + power) : power / total);
      sum += weights.back();
    }
    Row y(x.size(), 0.0);
    for (size_t u = 0; u < used; ++u)
      add_expert(l, kLinearExpertGate, static_cast<int64_t>(order[u]),
                 e.weights_scale * weights[u] / (e.normalize ? sum : 1.0), x, y);
    if (e.shared_ff_width == 0) return y;
    const Linear& shared_router = w_.layers[l].linears[kLinearSharedRouter];
    const double weight = shared_router.w.empty() ? 1.0 : 1.0 / (1.0 + std::exp(-linear(shared_router, nullptr, x)[0]));
    add_expert(l, kLinearSharedGate, 0, weight, x, y);
    return y;
  }

  void round_to_cache(Row& x) const {
    if (kv_dtype_ == DType::kF32) return;
    const int64_t n = static_cast<int64_t>(x.size());
    std::vector<float> floats(x.begin(), x.end());
    std::vector<std::byte> encoded(static_cast<size_t>(row_bytes(kv_dtype_, n)));
    quantize(kv_dtype_, floats.data(), encoded.data(), n);
    dequantize(kv_dtype_, encoded.data(), floats.data(), n);
    x.assign(floats.begin(), floats.end());
  }

  // The norm is of what is added, or of the sum.
  void add_half(const LayerSpec& layer, const Row& y, const float* weight, const float* bias, Row& x) const {
    add(x, layer.norm_sums ? y : norm(y, weight, bias, 0, spec_.width));
    if (layer.norm_sums) x = norm(x, weight, bias, 0, spec_.width);
  }

  void add(Row& x, const Row& y) const {
    for (size_t i = 0; i < x.size(); ++i) x[i] += spec_.residual_scale * y[i];
  }

  static Row attend(const LayerSpec& layer, const float* sinks, const Row& q, const std::vector<Row>& k,
                    const std::vector<Row>& v, size_t t) {
    Row o(q.size(), 0.0);
    const size_t dh = static_cast<size_t>(layer.head_dim);
    const size_t back =
        static_cast<size_t>(layer.window > 0 ? layer.both_ways ? layer.window / 2 : layer.window - 1 : INT32_MAX);
    const size_t ahead = static_cast<size_t>(!layer.both_ways ? 0 : layer.window > 0 ? layer.window / 2 : INT32_MAX);
    const size_t first = t > back ? t - back : 0, last = std::min(t + ahead, k.size() - 1);
    for (size_t h = 0; h < static_cast<size_t>(layer.n_heads); ++h) {
      const size_t kv = h / static_cast<size_t>(layer.n_heads / layer.n_kv_heads) * dh;
      double sum = sinks != nullptr ? std::exp(static_cast<double>(sinks[h])) : 0.0;
      for (size_t j = first; j <= last; ++j) {
        double score = 0;
        for (size_t i = 0; i < dh; ++i) score += q[h * dh + i] * k[j][kv + i];
        const double fall =
            layer.slopes.empty() ? 0.0 : layer.slopes[h] * std::abs(static_cast<double>(t) - static_cast<double>(j));
        const double weight = std::exp(capped(score * layer.attention_scale, layer.attention_soft_cap) - fall);
        sum += weight;
        for (size_t i = 0; i < dh; ++i) o[h * dh + i] += weight * v[j][kv + i];
      }
      for (size_t i = 0; i < dh; ++i) o[h * dh + i] /= sum;
    }
    return o;
  }

  const DecoderSpec& spec_;
  const Weights& w_;
  const LowRanks* low_ranks_;
  mutable std::vector<int32_t> types_;
  mutable double margin_ = HUGE_VAL;
  mutable std::vector<Row> inputs_;                      // of layers, per token
  mutable std::vector<std::vector<Row>> keys_, values_;  // per layer and token
  DType kv_dtype_;
};

}  // namespace chaku::test
