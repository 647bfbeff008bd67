/* Chaku's native core: quantized LoRA training and inference of decoder models.
 *
 * The core does numbers. It reads no file format: the caller validates descriptors (shapes, types, offsets), the core
 * checks them again and maps byte ranges. It never prints, exits or aborts, and no exception leaves it.
 *
 * Conventions
 *  - Every function returns a chaku_status and leaves its outputs untouched on failure; chaku_last_error() then holds
 *    one line, "[op] expected ..., got ... (where)", for the calling thread.
 *  - Structs of options and results start with `size`: the caller sets it to sizeof(the struct).
 *  - *_free takes the address of the handle, accepts null and a null handle, and nulls it.
 *  - Matrices are row-major. A weight [N,K] maps K inputs to N outputs; K is the contiguous dimension.
 *  - Shape letters: T tokens, D width, H / Hkv heads, Dh head dim, F feed-forward, V vocabulary, L layers, R rank.
 *  - A parent handle must outlive its children: engine > model > {adapter, pool, encoder, trainer}; the core counts
 *    references, so freeing a parent first is safe and only delays the release.
 */
#ifndef CHAKU_H
#define CHAKU_H

#include <stdint.h>

#if defined(_WIN32)
#define CHAKU_API __declspec(dllexport)
#else
#define CHAKU_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- status */

/** 0 ok; 1-9 the caller's mistake; 10-19 data; 20-29 memory; 30-39 device; 40 cancelled; 90 our own fault. Pinned. */
typedef int32_t chaku_status;

#define CHAKU_OK 0
#define CHAKU_INVALID_ARGUMENT 1
#define CHAKU_INVALID_STATE 2
#define CHAKU_UNSUPPORTED 3
#define CHAKU_BAD_DATA 10
#define CHAKU_IO_ERROR 11
#define CHAKU_OUT_OF_MEMORY 20
#define CHAKU_MEMORY_LIMIT 21
#define CHAKU_DEVICE_ERROR 30
#define CHAKU_DEVICE_ABSENT 31
#define CHAKU_CANCELLED 40
#define CHAKU_INTERNAL 90

/** Version of this interface, major * 10000 + minor * 100 + patch. */
CHAKU_API int32_t chaku_version(void);

/** The message of the calling thread's last failure; never null, valid until that thread's next call. */
CHAKU_API const char* chaku_last_error(void);

/* ---------------------------------------------------------------- block formats */

/* Block formats carry ggml's type ids (0 F32, 1 F16, 2 Q4_0, 8 Q8_0, 12 Q4_K, 14 Q6_K, 30 BF16, ...). */

typedef struct chaku_dtype_info {
  uint32_t size;
  int32_t block_elements;
  int32_t block_bytes;
  int32_t can_quantize; /* 1 when chaku_quantize accepts it */
  int32_t has_levels;   /* 1 when chaku_round_along accepts it: codes are levels that a block's scales multiply */
} chaku_dtype_info;

/** CHAKU_UNSUPPORTED for a type id the core does not know. Any thread. */
CHAKU_API chaku_status chaku_dtype_describe(int32_t dtype, chaku_dtype_info* out);

/** Decodes n elements (a multiple of the block) from src (exactly src_bytes long) to dst[n]. Any thread. */
CHAKU_API chaku_status chaku_dequantize(int32_t dtype, const void* src, int64_t src_bytes, float* dst, int64_t n);

/** Encodes src[n] (n a multiple of the block) to dst (exactly dst_bytes long). importance[n_per_row], if not null,
 * weighs the squared error of each column of the n / n_per_row rows; with null, n_per_row is not read. Any thread. */
CHAKU_API chaku_status chaku_quantize(int32_t dtype, const float* src, int64_t n, const float* importance,
                                      int64_t n_per_row, void* dst, int64_t dst_bytes);

/* ---------------------------------------------------------------- changes of rows */

/* What merging adapters into a weight does to its rows. Results are the same bits on every processor; each call runs on
 * the calling thread alone. Any thread. */

/** dst[n_rows,n_columns] = src + coefficients[n_rows,rank] directions[rank,n_columns], summed in float64 and in order,
 * rounded once. dst may be src. CHAKU_CPU names the path, as for an engine. */
CHAKU_API chaku_status chaku_add_low_rank(const float* src, int64_t n_rows, int64_t n_columns,
                                          const double* coefficients, const float* directions, int64_t rank,
                                          float* dst);

/* Rows to be encoded so that the error e of a row is small by the measure
 *   sum of e[k]^2 + sum over r of (sum over k of along[k,r] e[k])^2:
 * each column is aimed aims[k,:] s beside its value, s[r] being the sum of along[j,r] e[j] over earlier columns j. */
typedef struct chaku_rounding {
  uint32_t size;
  int32_t dtype; /* one with has_levels */
  int64_t n_rows;
  int64_t n_columns;       /* whole blocks, at most 262144 */
  int64_t rank;            /* directions, at most 4096 */
  const float* values;     /* [n_rows,n_columns] */
  const void* base;        /* rows of that format whose scales are kept where they reach; or null */
  const float* importance; /* [n_columns], as for chaku_quantize; or null */
  const float* along;      /* [n_columns,rank] */
  const float* aims;       /* [n_columns,rank] */
} chaku_rounding;

/** Encodes rows to dst (exactly dst_bytes long, not base). A row in which an aim lies half a step or more beyond the
 * levels, and every row without a base, is tried with new scales too, and the better by the measure is taken. Those are
 * of a quick search; with fewer than 4 directions of chaku_quantize, whose blocks are tried as they are as well. */
CHAKU_API chaku_status chaku_round_along(const chaku_rounding* rounding, void* dst, int64_t dst_bytes);

typedef struct chaku_change {
  uint32_t size;
  int32_t dtype; /* of what was written */
  int64_t n_rows;
  int64_t n_columns;
  const float* base;    /* [n_rows,n_columns] */
  const float* wanted;  /* [n_rows,n_columns] */
  const void* written;  /* rows of that format */
  const float* weights; /* [n_columns]: what each column counts; null for one each */
} chaku_change;

/* With D = wanted - base and W = written - base, sums over all elements. */
typedef struct chaku_change_sums {
  uint32_t size;
  double wanted; /* D^2 */
  double common; /* D W */
  double lost;   /* (W - D)^2 */
} chaku_change_sums;

/** Compares the change that was written with the one that was wanted: plain with each column counting one, weighted by
 * the weights, the same without any. */
CHAKU_API chaku_status chaku_compare_change(const chaku_change* change, chaku_change_sums* plain,
                                            chaku_change_sums* weighted);

/* ---------------------------------------------------------------- engine */

/** A thread pool and the kernel table chosen for this machine. Any thread; concurrent calls on it take turns. */
typedef struct chaku_engine chaku_engine;

#define CHAKU_CPU_AUTO 0
#define CHAKU_CPU_REFERENCE 1
#define CHAKU_CPU_AVX2 2
#define CHAKU_CPU_AVX512 3
#define CHAKU_CPU_AMX 4         /* products of prompts and training on bfloat16 tiles, to three digits */
#define CHAKU_CPU_AVX512_BF16 5 /* the same on bfloat16 operands of AVX-512, to three digits */
#define CHAKU_CPU_AVX512_VNNI 6 /* AVX-512, products of generated tokens on integers; as exact as AVX512 */
#define CHAKU_CPU_FLOAT32 7     /* a choice: the fastest path that rounds no operands; AUTO is the fastest of all */

#define CHAKU_DEVICE_CPU 0
#define CHAKU_DEVICE_CUDA 1

#define CHAKU_DEVICE_PREFERRED 0 /* absent, the CPU computes, and chaku_engine_fallback says why */
#define CHAKU_DEVICE_REQUIRED 1  /* absent, the engine is not created: CHAKU_DEVICE_ABSENT */

typedef struct chaku_engine_options {
  uint32_t size;
  int32_t n_threads;      /* 0: one per core this process may use */
  int32_t cpu_path;       /* CHAKU_CPU_*; forcing a path that the machine or the build lacks is CHAKU_DEVICE_ABSENT */
  int32_t device_kind;    /* CHAKU_DEVICE_* */
  int32_t device_ordinal; /* among those of its kind, from 0 */
  int32_t device_requirement;  /* CHAKU_DEVICE_PREFERRED or CHAKU_DEVICE_REQUIRED */
  int32_t streams_layers;      /* 1: of CUDA, weights of gpu_layers layers alone stay on the device; those of the others
                                  lie in this machine's memory and come when they are needed, layer by layer. 0: all stay */
  int32_t gpu_layers;          /* >= 0, spread evenly over the depth; what is outside layers stays in any case */
  int32_t offload_activations; /* 1: of CUDA, what a training keeps of each layer for its backward pass waits in this
                                  machine's memory, with the same results */
  const char* cuda_library;    /* the file of CUDA kernels; NULL: libchaku_cuda.so beside this library */
} chaku_engine_options;

typedef struct chaku_engine_info {
  uint32_t size;
  int32_t n_threads;
  int32_t cpu_path;        /* in use; of CUDA CHAKU_CPU_FLOAT32, or CHAKU_CPU_AUTO where it rounds to bfloat16 */
  int32_t best_cpu_path;   /* the best path of this machine and build */
  uint32_t cpu_features;   /* bits CHAKU_FEATURE_* */
  int64_t available_bytes; /* memory the process may still take (MemAvailable, capped by a cgroup limit), of another
                              device what it has left; -1 unknown */
  int32_t device_kind;     /* CHAKU_DEVICE_*, in use */
  int32_t device_ordinal;
} chaku_engine_info;

#define CHAKU_FEATURE_AVX2 1u
#define CHAKU_FEATURE_FMA 2u
#define CHAKU_FEATURE_F16C 4u
#define CHAKU_FEATURE_AVX512 8u /* F, BW, DQ, VL */
#define CHAKU_FEATURE_AVX512_VNNI 16u
#define CHAKU_FEATURE_AVX512_BF16 32u
#define CHAKU_FEATURE_AMX_BF16 64u
#define CHAKU_FEATURE_AMX_INT8 128u
#define CHAKU_FEATURE_AVX_VNNI 256u

/** The environment variable CHAKU_CPU=float32|reference|avx2|avx512|avx512vnni|avx512bf16|amx replaces CHAKU_CPU_AUTO.
 */
CHAKU_API chaku_status chaku_engine_create(const chaku_engine_options* options, chaku_engine** out);
CHAKU_API void chaku_engine_free(chaku_engine** engine);
CHAKU_API chaku_status chaku_engine_describe(const chaku_engine* engine, chaku_engine_info* out);

typedef struct chaku_cuda_device {
  uint32_t size;
  int32_t major; /* compute capability */
  int32_t minor;
  int32_t n_multiprocessors;
  int64_t total_bytes;
  int64_t free_bytes; /* -1 unknown */
  char name[256];
  char unusable[256]; /* why the kernels do not run on it; "" where they do */
} chaku_cuda_device;

/**
 * How many CUDA devices there are. `library` as chaku_engine_options.cuda_library. None is no failure: *absence then
 * says why (no library, no driver, too old a driver, no device), and is "" otherwise; valid until the thread's next
 * call.
 */
CHAKU_API chaku_status chaku_cuda_count(const char* library, int32_t* n_devices, const char** absence);
/** Of device `ordinal`, which is below the count. */
CHAKU_API chaku_status chaku_cuda_describe(const char* library, int32_t ordinal, chaku_cuda_device* out);

/** Why the device in use is not the one that was preferred; "" where it is. Valid as long as the engine. */
CHAKU_API chaku_status chaku_engine_fallback(const chaku_engine* engine, const char** out);

/* ---------------------------------------------------------------- model */

/** A decoder: created, filled by one thread, sealed; from then on immutable and shared by any number of threads. */
typedef struct chaku_model chaku_model;

#define CHAKU_ACTIVATION_SILU 0
#define CHAKU_ACTIVATION_GELU_TANH 1      /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
#define CHAKU_ACTIVATION_GELU 5           /* x/2 (1 + erf(x / sqrt 2)) */
#define CHAKU_ACTIVATION_CLAMPED_SWIGLU 4 /* g sigmoid(1.702 g) (u + 1), g = min(gate, 7), u = up within -7..7 */

#define CHAKU_NORM_RMS 0   /* x / sqrt(mean(x^2) + epsilon) * weight */
#define CHAKU_NORM_LAYER 1 /* (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias */

typedef struct chaku_decoder_options {
  uint32_t size;
  int32_t n_layers;
  int32_t width;                    /* D */
  int32_t vocab_size;               /* V */
  float norm_epsilon;               /* of every norm */
  float embedding_scale;            /* multiplies the token embedding; 1 for none */
  float residual_scale;             /* multiplies what each half block adds to the residual stream; 1 for none */
  float logit_scale;                /* multiplies the logits; 1 for none */
  int32_t norm_kind;                /* CHAKU_NORM_*, of every norm */
  float logit_soft_cap;             /* c > 0: logits become c tanh(logits / c), after the scale; 0 for none */
  float query_temperature;          /* t: queries at position p grow by 1 + t ln(1 + floor(p / length)); 0 for none */
  int32_t query_temperature_length; /* that length, in tokens; 0 where there is no temperature */
} chaku_decoder_options;

typedef struct chaku_layer_options {
  uint32_t size;
  int32_t n_heads;
  int32_t n_kv_heads; /* divides n_heads */
  int32_t head_dim;
  int32_t ff_width;   /* F; unused in a layer of experts */
  int32_t activation; /* CHAKU_ACTIVATION_*: down(act(gate(x)) * up(x)), or down(act(up(x))) without CHAKU_FFN_GATE */
  int32_t window;     /* sliding window in tokens, 0 for full attention: position p sees (p - window, p] */
  int32_t rope;       /* index from chaku_model_add_rope, -1 for none */
  float attention_scale;    /* multiplies q.k, usually 1/sqrt(head_dim) */
  float attention_soft_cap; /* c > 0: scores become c tanh(score / c), after the scale; 0 for none */
  float alibi_bias; /* b > 0: scores fall with distance, by head h's slope 2^(-b (h+1)/H) per token (H a power of two;
                       else as Press et al. 2022 interleave); 0 for none */
  int32_t flags;    /* CHAKU_LAYER_* */
} chaku_layer_options;

/* Both half blocks read the layer's input: x + attention(norm(x)) + ffn(norm'(x)), where norm' is CHAKU_FFN_NORM, or
 * without one the same norm. */
#define CHAKU_LAYER_PARALLEL 1
/* Query and key heads are normed after the rotation, not before. */
#define CHAKU_LAYER_NORM_AFTER_ROPE 2
/* CHAKU_ATTN_Q is [2*H*Dh,D]: each head's query and then as many gates, whose sigmoids multiply what attention gives.
 */
#define CHAKU_LAYER_GATED_QUERY 4
/* Value heads are normed, without weights. */
#define CHAKU_LAYER_NORM_VALUES 8
/* There is no CHAKU_ATTN_V: values are the product of keys, before its norm and rotation. With NORM_VALUES alone. */
#define CHAKU_LAYER_VALUES_ARE_KEYS 16
/* Attention sees the tokens behind too: an encoder's. With a window, those at most window / 2 away on either side. */
#define CHAKU_LAYER_BOTH_WAYS 32
/* CHAKU_ATTN_POST_NORM and CHAKU_FFN_POST_NORM, both there, are of the sums: x' = norm(x + attention(x)). With
 * BOTH_WAYS alone. A model whose last layer is so may be without CHAKU_OUTPUT_NORM. */
#define CHAKU_LAYER_NORM_SUMS 64

#define CHAKU_GATING_SOFTMAX 0       /* weights are the softmax over all experts, of those selected */
#define CHAKU_GATING_SOFTMAX_TOP_K 1 /* the softmax over those selected */
#define CHAKU_GATING_SIGMOID 2       /* sigmoids */

/* A feed-forward half block of experts: sum over a token's n_used experts of weight * down(act(gate(x)) * up(x)). */
typedef struct chaku_expert_options {
  uint32_t size;
  int32_t n_experts;       /* E */
  int32_t n_used;          /* of the largest router logits; of equal ones the lower index */
  int32_t ff_width;        /* F of each */
  int32_t shared_ff_width; /* Fs of the expert that every token passes through too; 0 for none */
  int32_t gating;          /* CHAKU_GATING_* */
  int32_t normalize;       /* 1: weights are divided by their sum */
  float weights_scale;     /* multiplies the weights at last; 1 for none */
  int32_t n_groups;        /* G > 1: of neighbours; 0 or 1 for none */
  int32_t n_groups_used;   /* the groups whose two best experts score most are selected from */
} chaku_expert_options;

#define CHAKU_ROPE_ADJACENT 0 /* rotates (x[2i], x[2i+1]): llama GGUF files */
#define CHAKU_ROPE_HALVES 1   /* rotates (x[i], x[i+n_dims/2]): qwen, "neox" */

typedef struct chaku_rope_options {
  uint32_t size;
  int32_t pairing;    /* CHAKU_ROPE_* */
  int32_t n_dims;     /* rotated leading dimensions of a head, even, <= head_dim */
  float magnitude;    /* multiplies sin and cos (yarn's attention factor); 1 for none */
  int32_t long_after; /* n > 0: contexts of more than n tokens turn by other frequencies; 0: all by the same */
} chaku_rope_options;

/* Modules of a decoder. A layer's modules carry its index, the others layer -1. */
#define CHAKU_TOKEN_EMBEDDING 0        /* [V,D] */
#define CHAKU_OUTPUT_NORM 1            /* [1,D] */
#define CHAKU_OUTPUT 2                 /* [V,D]; absent: the token embedding serves */
#define CHAKU_POSITION_EMBEDDING 3     /* [P,D], optional: added to the token embedding; at most P positions then */
#define CHAKU_EMBEDDING_NORM 4         /* [1,D], optional: of the embedding */
#define CHAKU_LAYER_INPUT_TABLE 5      /* [V,L*P] see chaku_layer_input_options */
#define CHAKU_LAYER_INPUT_PROJECTION 6 /* [L*P,D] */
#define CHAKU_LAYER_INPUT_NORM 7       /* [1,P] */
#define CHAKU_ATTN_NORM 8              /* [1,D], optional: absent, the half block reads its input as it is */
#define CHAKU_ATTN_Q 9                 /* [H*Dh,D] */
#define CHAKU_ATTN_K 10                /* [Hkv*Dh,D] */
#define CHAKU_ATTN_V 11                /* [Hkv*Dh,D] */
#define CHAKU_ATTN_OUTPUT 12           /* [D,H*Dh] */
#define CHAKU_ATTN_Q_NORM                                                                                              \
  13                            /* optional, of queries before the rotation: [1,Dh] of each head, [H,Dh] likewise with \
                                   weights per head, or [1,H*Dh] of all heads as one row */
#define CHAKU_ATTN_K_NORM 14    /* optional, of keys: [1,Dh], [Hkv,Dh] or [1,Hkv*Dh] */
#define CHAKU_FFN_NORM 15       /* [1,D], optional: absent, the half block reads its input as it is */
#define CHAKU_FFN_GATE 16       /* [F,D], optional */
#define CHAKU_FFN_UP 17         /* [F,D] */
#define CHAKU_FFN_DOWN 18       /* [D,F] */
#define CHAKU_ATTN_POST_NORM 19 /* [1,D], optional: of what attention adds to the residual stream */
#define CHAKU_FFN_POST_NORM 20  /* [1,D], optional: of what the feed-forward adds */

/* In a layer of experts, in place of gate, up and down. Experts are stacked: rows e*F..(e+1)*F are expert e's. */
#define CHAKU_SHARED_ROUTER 21  /* [1,D], optional: its sigmoid weighs the shared expert */
#define CHAKU_SELECTION_BIAS 23 /* [1,E], optional: added to the experts' probabilities for their selection alone */
#define CHAKU_EXPERT_GATE 24    /* [E*F,D] */
#define CHAKU_EXPERT_UP 25      /* [E*F,D] */
#define CHAKU_EXPERT_DOWN 26    /* [E*D,F] */
#define CHAKU_SHARED_GATE 27    /* [Fs,D] */
#define CHAKU_SHARED_UP 28      /* [Fs,D] */
#define CHAKU_SHARED_DOWN 29    /* [D,Fs] */
#define CHAKU_ROUTER 30         /* [E,D] */
#define CHAKU_ATTN_SINKS 31     /* [1,H], optional: a score of each head that has no value */

/* In a layer with a running memory, in place of attention's: C channels, I = D or Hv*dv, see chaku_mixer_options. */
#define CHAKU_MIX_IN 32         /* [C,D] what passes the convolution; of the delta rule q, k and v: C = 2*Hk*dk + I */
#define CHAKU_MIX_GATE 33       /* [I,D] multiplies what the half block gives out */
#define CHAKU_MIX_INPUT_GATE 34 /* [D,D] short convolution: multiplies what passes it */
#define CHAKU_MIX_BETA 35       /* [Hv,D] delta rule: how much of a token is written */
#define CHAKU_MIX_ALPHA 36      /* [Hv,D] delta rule: how much is forgotten before */
#define CHAKU_MIX_OUT 37        /* [D,I] */
#define CHAKU_MIX_TAPS 38       /* [C,L] of the convolution, the present token's last */
#define CHAKU_MIX_RATE 39       /* [1,Hv] delta rule: below 0 */
#define CHAKU_MIX_NORM 40       /* [1,dv] delta rule: RMSNorm of each value head before the gate */

/* In a layer with latent attention, in place of k, v and with a rank of queries of q: see chaku_latent_options. */
#define CHAKU_ATTN_Q_A 41      /* [Rq,D] */
#define CHAKU_ATTN_Q_B 42      /* [H*(plain+rope),Rq] */
#define CHAKU_ATTN_KV_A 43     /* [Rkv+rope,D] */
#define CHAKU_ATTN_K_B 44      /* [H*Rkv,plain] of each head the transposed product that makes its keys */
#define CHAKU_ATTN_V_B 45      /* [H*value,Rkv] */
#define CHAKU_ATTN_KV_B 46     /* [H*(plain+value),Rkv] no tensor: additions to keys and values of each head together */
#define CHAKU_ATTN_Q_A_NORM 47 /* [1,Rq] */
#define CHAKU_ATTN_KV_A_NORM 48 /* [1,Rkv] */

/* In every layer of a decoder whose layers have inputs of their own. */
#define CHAKU_LAYER_INPUT_GATE 49      /* [P,D] */
#define CHAKU_LAYER_INPUT_OUT 50       /* [D,P] */
#define CHAKU_LAYER_INPUT_POST_NORM 51 /* [1,D] */

/* Outside layers, in encoders and models that give vectors. */
#define CHAKU_TYPE_EMBEDDING 52 /* [types,D], optional, of encoders: added to the token embedding */
#define CHAKU_HEAD_DENSE 53     /* [Dh,D], optional: see chaku_model_set_head */
#define CHAKU_HEAD_NORM 54      /* [1,Dh], optional */
#define CHAKU_HEAD_OUT 55       /* [N,Dh], or without CHAKU_HEAD_DENSE [N,D]; optional */

#define CHAKU_WEIGHT 0
#define CHAKU_BIAS                                                                                      \
  1 /* [1,N], optional, of q, k, v, attention output, gate, up, down, router, experts and CHAKU_OUTPUT; \
                        of CHAKU_NORM_LAYER norms, shaped as the weight */

typedef struct chaku_tensor_options {
  uint32_t size;
  int32_t module; /* CHAKU_TOKEN_EMBEDDING ... */
  int32_t kind;   /* CHAKU_WEIGHT or CHAKU_BIAS */
  int32_t layer;  /* -1 outside layers */
  int32_t dtype;  /* norms and biases: F32, F16 or BF16 */
  int64_t rows;
  int64_t columns; /* a multiple of the format's block */
} chaku_tensor_options;

CHAKU_API chaku_status chaku_model_create(chaku_engine* engine, const chaku_decoder_options* options,
                                          chaku_model** out);
CHAKU_API void chaku_model_free(chaku_model** model);

/** inverse_frequencies[n_dims/2]: position p turns pair i by p * inverse_frequencies[i] radians. With long_after, as
 * many again follow, for long contexts: the context of a text is its max_tokens, that of a training sequence its own
 * length. */
CHAKU_API chaku_status chaku_model_add_rope(chaku_model* model, const chaku_rope_options* options,
                                            const double* inverse_frequencies, int32_t* out_rope);
CHAKU_API chaku_status chaku_model_set_layer(chaku_model* model, int32_t layer, const chaku_layer_options* options);

#define CHAKU_MIXER_SHORT_CONVOLUTION 1 /* out(gate * convolve(input_gate * in)) */
#define CHAKU_MIXER_DELTA_RULE                                                                                 \
  2 /* out(silu(gate) * norm(S^T q)), q, k, v = silu(convolve(in)), with S of each                             \
                                           value head: S' = e^(rate softplus(alpha)) S,                        \
                                           S = S' + k (sigmoid(beta) (v - S'^T k))^T; q, k of unit length, q / \
       sqrt(dk) */

/* What has the place of attention in a layer with a running memory. */
typedef struct chaku_mixer_options {
  uint32_t size;
  int32_t kind;          /* CHAKU_MIXER_* */
  int32_t taps;          /* L, 1..8: tokens that the convolution sees */
  int32_t n_key_heads;   /* Hk, of the delta rule as all that follow; divides Hv */
  int32_t n_value_heads; /* Hv */
  int32_t key_dim;       /* dk, at most 1024 */
  int32_t value_dim;     /* dv */
  int32_t tiled;         /* 1: value head h has key head h % Hk; 0: h / (Hv/Hk) */
} chaku_mixer_options;

/** Gives a layer that is set a running memory in place of attention; what it was told of attention is not used. A text
 * of such a model is cut short to nothing, or to where a snapshot was taken. */
CHAKU_API chaku_status chaku_model_set_mixer(chaku_model* model, int32_t layer, const chaku_mixer_options* options);

/* Attention over latents: of a token are kept a latent, Rkv normed floats, from which each head's key and value follow,
 * and a rotated part that the key heads share. The layer is set with one key head of Rkv + rope dimensions and a rope
 * of at most `rope` dimensions. */
typedef struct chaku_latent_options {
  uint32_t size;
  int32_t q_rank;    /* Rq of what queries are made of; 0: CHAKU_ATTN_Q [H*(plain+rope),D] makes them */
  int32_t kv_rank;   /* Rkv */
  int32_t plain_dim; /* of a query head, not rotated */
  int32_t rope_dim;  /* that follow, rotated */
  int32_t value_dim; /* of a value head; CHAKU_ATTN_OUTPUT is [D,H*value] */
} chaku_latent_options;

/** Gives a layer that is set latent attention. */
CHAKU_API chaku_status chaku_model_set_latent(chaku_model* model, int32_t layer, const chaku_latent_options* options);

/** From now on a layer that is set reads the keys and values of an earlier one, which is set and has as many and as
 * wide key heads; it has none of its own. */
CHAKU_API chaku_status chaku_model_set_kv_source(chaku_model* model, int32_t layer, int32_t source);

/** Multiplies the residual stream behind a layer that is set. */
CHAKU_API chaku_status chaku_model_set_output_scale(chaku_model* model, int32_t layer, float scale);

/* What every layer adds of an input i of its own at its end: norm((act(x Gate^T) * i) Out^T), with
 * i = scale * (table_scale * Table[token] + norm(projection_scale * Projection e)) of a token's embedding e. */
typedef struct chaku_layer_input_options {
  uint32_t size;
  int32_t width; /* P of each layer */
  float table_scale;
  float projection_scale;
  float scale;
} chaku_layer_input_options;

/** Gives all layers inputs of their own. */
CHAKU_API chaku_status chaku_model_set_layer_inputs(chaku_model* model, const chaku_layer_input_options* options);

#define CHAKU_HEAD_NONE 0
#define CHAKU_HEAD_TANH 1
#define CHAKU_HEAD_GELU 2

/** What follows CHAKU_HEAD_DENSE: a text's pooled row x becomes out(norm(act(dense(x)))), of which the model has what
 * it has tensors of. Without this call act is CHAKU_HEAD_NONE. */
CHAKU_API chaku_status chaku_model_set_head(chaku_model* model, int32_t activation);

/** Makes a layer that is set one of experts. */
CHAKU_API chaku_status chaku_model_set_experts(chaku_model* model, int32_t layer, const chaku_expert_options* options);

/** Maps a file read-only. CHAKU_IO_ERROR unless it is exactly file_bytes long. */
CHAKU_API chaku_status chaku_model_map_file(chaku_model* model, const char* path, int64_t file_bytes,
                                            int32_t* out_file);
/** The tensor is used in place, at `offset` of a mapped file. */
CHAKU_API chaku_status chaku_model_set_tensor_mapped(chaku_model* model, const chaku_tensor_options* tensor,
                                                     int32_t file, int64_t offset);
/** Copies the tensor's bytes. */
CHAKU_API chaku_status chaku_model_set_tensor_data(chaku_model* model, const chaku_tensor_options* tensor,
                                                   const void* data, int64_t data_bytes);
/** Fills the tensor with reproducible N(mean, deviation) values in its format: synthetic shapes for benchmarks. The
 * values repeat every few dozen rows. */
CHAKU_API chaku_status chaku_model_set_tensor_random(chaku_model* model, const chaku_tensor_options* tensor, float mean,
                                                     float deviation, uint64_t seed);
/** Checks that every layer and required tensor is there, with the right shape. */
CHAKU_API chaku_status chaku_model_seal(chaku_model* model);

typedef struct chaku_memory_plan {
  uint32_t size;
  int64_t weight_bytes;     /* mapped or held by the model, shared by all its users */
  int64_t parameter_bytes;  /* trainable values and their gradients */
  int64_t optimizer_bytes;  /* moments */
  int64_t activation_bytes; /* what a forward pass keeps for the backward pass, or the KV cache */
  int64_t scratch_bytes;
  int64_t host_bytes;      /* beside a device, of this machine's memory; not in the sum */
  int64_t total_bytes;     /* the sum */
  int64_t available_bytes; /* what the machine can give now, the model's weights counted as available */
} chaku_memory_plan;

/* ---------------------------------------------------------------- adapter */

/** Low-rank additions to a model's products: y += scale * (x A^T) B^T, and perhaps an embedding and an output
 * projection in place of the model's. Filled by one thread, immutable once worn. */
typedef struct chaku_adapter chaku_adapter;

CHAKU_API chaku_status chaku_adapter_create(chaku_model* model, chaku_adapter** out);
CHAKU_API void chaku_adapter_free(chaku_adapter** adapter);
/** a[rank,K] and b[N,rank] are copied; of stacked experts a[E*rank,K] and b[E*N,rank]; scale is alpha/rank.
 * CHAKU_INVALID_ARGUMENT names a module, layer or shape that the model lacks. Modules: every product but the routers
 * and CHAKU_ATTN_K_B and CHAKU_ATTN_V_B, which CHAKU_ATTN_KV_B adds to;
 * CHAKU_OUTPUT has layer -1. */
CHAKU_API chaku_status chaku_adapter_add(chaku_adapter* adapter, int32_t module, int32_t layer, int32_t rank,
                                         float scale, const float* a, int64_t a_floats, const float* b,
                                         int64_t b_floats);
/** values[V,D] take the place of CHAKU_TOKEN_EMBEDDING's or CHAKU_OUTPUT's weight in texts that wear the adapter, whose
 * scale must be 1 then; they are copied. Null values with CHAKU_OUTPUT and n 0: those of the embedding, given before.
 * Where one matrix is both, each end is replaced alone. */
CHAKU_API chaku_status chaku_adapter_replace(chaku_adapter* adapter, int32_t module, const float* values, int64_t n);

/* ---------------------------------------------------------------- pool: inference */

/** What a model's texts keep of their tokens, in blocks of CHAKU_BLOCK_TOKENS that texts with the same beginning share,
 * and what computes them. A pool and its texts belong to one thread at a time; chaku_pool_cancel, chaku_pool_count and
 * chaku_sequence_free come from any. */
typedef struct chaku_pool chaku_pool;

/** One text of a pool, with what it wears. */
typedef struct chaku_sequence chaku_sequence;

#define CHAKU_BLOCK_TOKENS 64

#define CHAKU_LOGITS_NONE 0
#define CHAKU_LOGITS_LAST 1
#define CHAKU_LOGITS_ALL 2

#define CHAKU_ROLE_PROMPT 0    /* a text that is read */
#define CHAKU_ROLE_GENERATED 1 /* tokens that the model has chosen, computed as soon as they are known */

/* How products of generated tokens with weights in blocks of codes read activations; those with other weights, and
 * devices without products of integers, read float32. */
#define CHAKU_ACTIVATIONS_F32 0   /* no more is lost than float32 sums lose */
#define CHAKU_ACTIVATIONS_INT16 1 /* 15 bits beside a scale of 128 or 256 activations: faster for many texts */
#define CHAKU_ACTIVATIONS_INT8 2  /* 8 bits likewise: faster still */

typedef struct chaku_pool_options {
  uint32_t size;
  int32_t max_tokens;         /* of all texts together, rounded up to whole blocks */
  int32_t max_batch_tokens;   /* computed at once; what is more is split; 0: 512 */
  int32_t max_memories;       /* of a model with running memories, which needs one for each text, one more for each text
                                 of a step, and one for each snapshot; others need none */
  int64_t memory_limit_bytes; /* refuse with CHAKU_MEMORY_LIMIT above it; 0: what the machine has */
  int32_t kv_dtype;    /* of keys and values: F32 (0), F16 (1), BF16 (30) or Q8_0 (8; head_dim in blocks of 32) */
  int32_t activations; /* CHAKU_ACTIVATIONS_* */
} chaku_pool_options;

typedef struct chaku_pool_counts {
  uint32_t size;
  int32_t blocks;        /* in all */
  int32_t free_blocks;   /* that no text holds */
  int32_t shared_blocks; /* that several texts hold */
  int32_t memories;      /* as blocks */
  int32_t free_memories;
} chaku_pool_counts;

/** What a step computes: of each text, part by part, the next tokens, all in one role. */
typedef struct chaku_step_parts {
  uint32_t size;
  int32_t n_parts;
  const int32_t* n_tokens;     /* [n_parts] */
  const int32_t* roles;        /* [n_parts] CHAKU_ROLE_* */
  const int32_t* which_logits; /* [n_parts] CHAKU_LOGITS_* */
  const int32_t* tokens;       /* those of the first part, of the second, ... */
  int64_t all_tokens;          /* how many there are in `tokens` */
} chaku_step_parts;

CHAKU_API chaku_status chaku_pool_plan(const chaku_model* model, const chaku_pool_options* options,
                                       chaku_memory_plan* out);
CHAKU_API chaku_status chaku_pool_create(chaku_model* model, const chaku_pool_options* options, chaku_pool** out);
/** Its memory goes when the last of its texts is freed too. */
CHAKU_API void chaku_pool_free(chaku_pool** pool);
CHAKU_API chaku_status chaku_pool_count(const chaku_pool* pool, chaku_pool_counts* out);
/** Appends each part's tokens to its text, sequences[n_parts], each once, and writes the logits asked for, rows of V
 * floats, part by part. One product with each weight serves all rows of a role, whatever they wear. On failure no text
 * has changed: CHAKU_MEMORY_LIMIT when free blocks or memories do not suffice, then free or cut a text; after
 * CHAKU_CANCELLED logits may hold some. A token's numbers depend on its text's tokens up to it, on their roles and on
 * what the text wears, and on nothing else: not on other texts, on threads, on how it was cut, nor on what was shared.
 * The two roles are computed in different ways, whose last digits differ; so a text that is to give the same numbers as
 * one that is read at once keeps of the cache what was computed in the role it has there. With CHAKU_LOGITS_LAST the
 * one row of logits is computed from its token's state as a generated token's is, in either role. */
CHAKU_API chaku_status chaku_pool_compute(chaku_pool* pool, chaku_sequence* const* sequences,
                                          const chaku_step_parts* parts, float* logits, int64_t logits_floats);
/** Begins to compute prompts in pieces, so that generated tokens of other texts need not wait for all of them: as
 * chaku_pool_compute with the same parts, all of them prompts, whose texts get the tokens with the last piece. Until
 * then they can be freed, and not cut, forked, dressed or computed, and chaku_pool_compute takes generated tokens
 * alone. A pool holds one such set of prompts. */
CHAKU_API chaku_status chaku_pool_hold(chaku_pool* pool, chaku_sequence* const* sequences,
                                       const chaku_step_parts* parts);
/** Runs at most n_layers layers of what is held; *out_done is 1 with the last piece, else 0. Each call is given the
 * same room for logits. On failure nothing is held any more, and the texts are as they were before chaku_pool_hold. */
CHAKU_API chaku_status chaku_pool_advance(chaku_pool* pool, int32_t n_layers, float* logits, int64_t logits_floats,
                                          int32_t* out_done);
/** Gives up what is held, if anything: its texts are as they were before. */
CHAKU_API chaku_status chaku_pool_abandon(chaku_pool* pool);
/** From now on steps add up the squares of each product's inputs, per column, of all texts; called again, it starts
 * anew. Rows without logits are left out of the last layer's products: ask for CHAKU_LOGITS_ALL. */
CHAKU_API chaku_status chaku_pool_collect_inputs(chaku_pool* pool);
/** Copies the sums of squares[P,K] of a product (q ... down, or CHAKU_OUTPUT with layer -1) and the numbers of rows [P]
 * that were added up, of each of its P matrices: 1, or the number of experts. CHAKU_INVALID_STATE if none are
 * collected. */
CHAKU_API chaku_status chaku_pool_read_inputs(const chaku_pool* pool, int32_t module, int32_t layer, double* squares,
                                              int64_t n, int64_t* out_rows);
/** Makes the step in flight return CHAKU_CANCELLED soon; no effect when none is. Any thread. */
CHAKU_API chaku_status chaku_pool_cancel(chaku_pool* pool);

/** An empty text of at most max_tokens, which also say how ropes turn that know long contexts. */
CHAKU_API chaku_status chaku_sequence_create(chaku_pool* pool, int32_t max_tokens, chaku_sequence** out);
/** A text that begins with the first n_tokens of another and wears the same; their blocks are shared until one of them
 * changes. Of a model with running memories n_tokens is 0, all, or a snapshot's (CHAKU_UNSUPPORTED else). */
CHAKU_API chaku_status chaku_sequence_fork(const chaku_sequence* sequence, int32_t n_tokens, chaku_sequence** out);
CHAKU_API void chaku_sequence_free(chaku_sequence** sequence);
/** Wears n adapters, each times its scale, in place of those worn before. The text must be empty. */
CHAKU_API chaku_status chaku_sequence_set_adapters(chaku_sequence* sequence, chaku_adapter* const* adapters,
                                                   const float* scales, int32_t n);
/** Forgets all but the first n_tokens, which are as those of a fork. */
CHAKU_API chaku_status chaku_sequence_truncate(chaku_sequence* sequence, int32_t n_tokens);
/** Of a model with running memories: keeps what they are now, for forks and truncations to this place. The text has
 * whole blocks (CHAKU_INVALID_STATE else). */
CHAKU_API chaku_status chaku_sequence_snapshot(chaku_sequence* sequence);
CHAKU_API chaku_status chaku_sequence_drop_snapshots(chaku_sequence* sequence);
CHAKU_API chaku_status chaku_sequence_length(const chaku_sequence* sequence, int32_t* out_n_tokens);

/* ---------------------------------------------------------------- encoder: states of whole texts */

/** Computes the states that a model ends with, after its last norm, for whole texts of which nothing is kept: of
 * encoders and of models that generate. Single-threaded, internally parallel; chaku_encoder_cancel alone comes from any
 * thread. */
typedef struct chaku_encoder chaku_encoder;

typedef struct chaku_encoder_options {
  uint32_t size;
  int32_t max_batch_tokens;   /* computed at once, and the most of one text; 0: 512 */
  int64_t memory_limit_bytes; /* refuse with CHAKU_MEMORY_LIMIT above it; 0: what the machine has */
} chaku_encoder_options;

#define CHAKU_POOL_NONE 0 /* every token's row, one text after another */
#define CHAKU_POOL_MEAN 1
#define CHAKU_POOL_FIRST 2
#define CHAKU_POOL_LAST 3

typedef struct chaku_texts {
  uint32_t size;
  int32_t n_texts;
  const int32_t* n_tokens; /* [n_texts], each at least 1 */
  const int32_t* tokens;   /* those of the first text, of the second, ... */
  const int32_t* types;    /* as tokens, of a model with CHAKU_TYPE_EMBEDDING; null: all 0 */
  int64_t all_tokens;      /* how many there are in `tokens` */
  int32_t pooling;         /* CHAKU_POOL_* */
  int32_t head;            /* 1: rows pass the model's head; 0: they do not */
} chaku_texts;

CHAKU_API chaku_status chaku_encoder_plan(const chaku_model* model, const chaku_encoder_options* options,
                                          chaku_memory_plan* out);
CHAKU_API chaku_status chaku_encoder_create(chaku_model* model, const chaku_encoder_options* options,
                                            chaku_encoder** out);
CHAKU_API void chaku_encoder_free(chaku_encoder** encoder);
/** Writes a row a text, or a token, of D floats, or of what the head gives: rows_floats is exactly their number. Texts
 * are computed in their order, as many at once as have room; a text's numbers do not depend on the others. After
 * CHAKU_CANCELLED rows may hold some. */
CHAKU_API chaku_status chaku_encoder_compute(chaku_encoder* encoder, const chaku_texts* texts, float* rows,
                                             int64_t rows_floats);
/** Makes the call in flight return CHAKU_CANCELLED soon; no effect when none is. Any thread. */
CHAKU_API chaku_status chaku_encoder_cancel(chaku_encoder* encoder);

/* ---------------------------------------------------------------- trainer */

/** Parameters, gradients and optimizer state over a model. Single-threaded, internally parallel; chaku_trainer_cancel
 * alone comes from any thread. Results do not depend on the number of threads. */
typedef struct chaku_trainer chaku_trainer;

#define CHAKU_TRAIN_LORA 0 /* A and B of the target modules, over the frozen model */
#define CHAKU_TRAIN_FULL 1 /* every weight, as float32 copies that the trainer owns */

#define CHAKU_OPTIMIZER_ADAMW 0
/* Moments in blocks of 256 with a byte an element: read as float32, written back to the same bits. */
#define CHAKU_OPTIMIZER_ADAMW_8BIT 1
#define CHAKU_OPTIMIZER_LION 2 /* without CHAKU_SLOT_MOMENT2 */
#define CHAKU_OPTIMIZER_LION_8BIT 3

/** LoRA through the quantizer of a merge: the forward pass sees Q(W + scale B A) in place of W + scale B A, with the
 * gradients of the latter. Q is chaku_quantize without importance; the copies that it makes are used for `every` steps,
 * and what A and B have changed since is added to their products. chaku_trainer_evaluate sees new copies alone: its
 * loss is that of the merged weights. */
typedef struct chaku_merge_aware {
  uint32_t size;
  int32_t every;          /* optimizer steps between copies, from 1 */
  int32_t n_formats;      /* adapted weights */
  const int32_t* formats; /* [3 * n_formats]: module, layer (-1 outside layers) and block format of each, once */
} chaku_merge_aware;

/** What LoRA adapts and how. */
typedef struct chaku_lora_options {
  uint32_t size;
  int32_t rank;                         /* 1..16384 */
  float scale;                          /* alpha/rank, or alpha/sqrt(rank) */
  float dropout;                        /* probability of dropping an input of A, in [0,1) */
  uint64_t targets;                     /* bit m for module m (1 << CHAKU_ATTN_Q ...), CHAKU_OUTPUT included */
  int32_t n_exceptions;                 /* products of targets that differ from these */
  const int32_t* exceptions;            /* [3 * n_exceptions]: module, layer (-1 outside layers) and rank of each,
                                           once; rank 0: not adapted */
  const float* exception_scales;        /* [n_exceptions] */
  const chaku_merge_aware* merge_aware; /* null: as if nothing were merged */
  int32_t magnitudes;                   /* 1: DoRA, y = m/|row of W + scale B A| (x (W + scale B A)^T) + bias with the
                                           length taken as a constant; of products within layers, not of experts */
  int32_t subtracts_frozen;             /* 1: PiSSA, y = x W^T + scale x (B A - B0 A0)^T, B0 and A0 those of
                                           CHAKU_SLOT_FROZEN, 0 until they are written; alone of the last three */
  uint64_t saved; /* bit m for CHAKU_TOKEN_EMBEDDING and CHAKU_OUTPUT: trained whole beside LoRA, as
                     float32 copies. Where one matrix is both, it is the embedding's and serves at
                     both ends, with the sum of their gradients; OUTPUT alone is refused there */
} chaku_lora_options;

typedef struct chaku_trainer_options {
  uint32_t size;
  int32_t mode;                   /* CHAKU_TRAIN_* */
  int32_t max_tokens;             /* of one micro-batch */
  uint64_t seed;                  /* initial A and dropout */
  float load_balance;             /* coefficient of the load-balance loss of models with experts; 0: none */
  int32_t train_routers;          /* FULL: 1 to train routers too; else they stay as they are */
  int64_t memory_limit_bytes;     /* refuse with CHAKU_MEMORY_LIMIT above it; 0: what the machine has */
  int32_t optimizer;              /* CHAKU_OPTIMIZER_* */
  float embedding_noise;          /* NEFTune's alpha: noise on embeddings in training alone; 0: none */
  const chaku_lora_options* lora; /* LORA, read by the call alone; null with FULL */
} chaku_trainer_options;

/** A row of packed sequences. Sequence s holds tokens [starts[s], starts[s+1]); positions restart in each and attention
 * stays within it. Position i is trained to predict targets[i] with weights[i] >= 0. */
typedef struct chaku_batch {
  uint32_t size;
  int32_t n_tokens;
  int32_t n_sequences;
  int64_t index;          /* counter of the micro-batch: fixes its dropout */
  const int32_t* tokens;  /* [n_tokens] */
  const int32_t* targets; /* [n_tokens], ignored where the weight is 0 */
  const float* weights;   /* [n_tokens] */
  const int32_t* starts;  /* [n_sequences + 1] */
} chaku_batch;

typedef struct chaku_loss {
  uint32_t size;
  int32_t n_weighted; /* positions whose weight is not 0 */
  int32_t n_correct;  /* of those, whose most likely token is the target */
  double loss_sum;    /* sum of weight * cross-entropy, in nats */
  double weight_sum;
  double balance; /* load-balance loss of the micro-batch, the mean over layers of experts: E sum_e f_e P_e, f_e the
                           share of tokens that selected e, P_e the mean of the softmax. Even: n_used. 0 unless asked
                     for */
} chaku_loss;

typedef struct chaku_step_options {
  uint32_t size;
  float learning_rate;
  float beta1, beta2, epsilon;
  float weight_decay;   /* decoupled; matrices only, norms and biases are not decayed */
  float max_grad_norm;  /* 0: no clipping */
  float b_rate_ratio;   /* LoRA+: the learning rate of B over that of A; 1 for plain LoRA */
  float max_grad_value; /* each element of the gradient of the mean loss, before its norm is clipped; 0: no clipping */
} chaku_step_options;

typedef struct chaku_step_result {
  uint32_t size;
  int32_t skipped;  /* 1 when a gradient was not finite: nothing changed but the gradients, now zero */
  int64_t step;     /* optimizer steps done, this one included */
  double grad_norm; /* before clipping, of the gradient of the mean loss */
} chaku_step_result;

typedef struct chaku_parameter_info {
  uint32_t size;
  int32_t module;
  int32_t kind; /* CHAKU_WEIGHT, CHAKU_BIAS, CHAKU_LORA_A, CHAKU_LORA_B or CHAKU_LORA_MAGNITUDE */
  int32_t layer;
  int64_t rows, columns;
} chaku_parameter_info;

#define CHAKU_LORA_A 2
#define CHAKU_LORA_B 3
#define CHAKU_LORA_MAGNITUDE 4 /* [1,N], until it is written or a step is made: the lengths of the rows */

#define CHAKU_SLOT_VALUE 0
#define CHAKU_SLOT_GRADIENT 1
#define CHAKU_SLOT_MOMENT1 2
#define CHAKU_SLOT_MOMENT2 3
/* Part of the state of a merge-aware trainer: what its copies were made from; and of one that subtracts it. */
#define CHAKU_SLOT_FROZEN 4

CHAKU_API chaku_status chaku_trainer_plan(const chaku_model* model, const chaku_trainer_options* options,
                                          chaku_memory_plan* out);
CHAKU_API chaku_status chaku_trainer_create(chaku_model* model, const chaku_trainer_options* options,
                                            chaku_trainer** out);
CHAKU_API void chaku_trainer_free(chaku_trainer** trainer);
/** Forward and backward of one micro-batch; gradients of weight * cross-entropy, and of load_balance * weight_sum *
 * balance, are added, not yet normalised. */
CHAKU_API chaku_status chaku_trainer_accumulate(chaku_trainer* trainer, const chaku_batch* batch, chaku_loss* out);
/** Forward alone, without dropout. */
CHAKU_API chaku_status chaku_trainer_evaluate(chaku_trainer* trainer, const chaku_batch* batch, chaku_loss* out);
/** The logits from which evaluate takes its loss, V of each weighted position in their order; n_floats is V times their
 * number. */
CHAKU_API chaku_status chaku_trainer_logits(chaku_trainer* trainer, const chaku_batch* batch, float* logits,
                                            int64_t n_floats);
/** For losses of sequences, whose derivatives by a sequence's log-probability scale its tokens' weights: the natural
 * logarithm of each target's probability to log_probs [n_values = n_tokens], 0 where the weight is 0; the size of the
 * weights is not used. With backward_follows 0 without dropout, as evaluate; with 1 as accumulate sees it, and what
 * chaku_trainer_backward needs is kept. */
CHAKU_API chaku_status chaku_trainer_log_probs(chaku_trainer* trainer, const chaku_batch* batch,
                                               int32_t backward_follows, double* log_probs, int64_t n_values);
/** Gradients of weight * cross-entropy, of weights of either sign, are added, without another forward pass: index,
 * tokens and starts must be those of the chaku_trainer_log_probs before it, with no other call on batches, values or
 * steps between, or it is CHAKU_INVALID_STATE. weight_sum, above 0, is what the step's divisor grows by (and what
 * load_balance counts by) in place of the sum of the weights. A weight that is no number makes the step be skipped. */
CHAKU_API chaku_status chaku_trainer_backward(chaku_trainer* trainer, const chaku_batch* batch, double weight_sum,
                                              chaku_loss* out);
/** Divides the gradients by the weight_sum accumulated since the last step, clips, updates and zeroes them.
 * CHAKU_INVALID_STATE when no weighted token was accumulated. */
CHAKU_API chaku_status chaku_trainer_step(chaku_trainer* trainer, const chaku_step_options* options,
                                          chaku_step_result* out);
/** Makes the accumulate, evaluate, log_probs or backward in flight return CHAKU_CANCELLED soon; no effect when none is.
 * A cancelled accumulate or backward drops the gradients gathered since the last step. Any thread. */
CHAKU_API chaku_status chaku_trainer_cancel(chaku_trainer* trainer);

CHAKU_API chaku_status chaku_trainer_n_parameters(const chaku_trainer* trainer, int32_t* out);
CHAKU_API chaku_status chaku_trainer_parameter(const chaku_trainer* trainer, int32_t index, chaku_parameter_info* out);
/** Copies a slot (CHAKU_SLOT_*) of a parameter out or in; n must be rows * columns. */
CHAKU_API chaku_status chaku_trainer_read(const chaku_trainer* trainer, int32_t index, int32_t slot, float* dst,
                                          int64_t n);
CHAKU_API chaku_status chaku_trainer_write(chaku_trainer* trainer, int32_t index, int32_t slot, const float* src,
                                           int64_t n);
/** y[M,N] = x[M,K] W^T, or with transposed 1 y[M,K] = x[M,N] W, of the weight W [N,K] beside the CHAKU_LORA_A of an
 * index; of experts that of one, else expert is 0. M follows from n_x. */
CHAKU_API chaku_status chaku_trainer_multiply(chaku_trainer* trainer, int32_t index, int64_t expert, int32_t transposed,
                                              const float* x, int64_t n_x, float* y, int64_t n_y);
/** Restores the number of optimizer steps done (bias correction). */
CHAKU_API chaku_status chaku_trainer_set_step(chaku_trainer* trainer, int64_t step);

#ifdef __cplusplus
}
#endif
#endif /* CHAKU_H */
