package dev.chaku.internal.arch;

import dev.chaku.internal.ExpertOptions.Gating;

/**
 * In what decoders with experts differ, beside what {@link DenseTraits} says.
 *
 * @param gating how weights come from the router's logits
 * @param normalize whether the weights of a token are divided by their sum
 * @param bias of the router and the experts
 * @param shared whether every token also passes through one expert, weighed by a router of its own
 * @param required whether the family has nothing but layers of experts; else a file without experts is dense
 */
record ExpertTraits(Gating gating, boolean normalize, DenseTraits.Presence bias, boolean shared, boolean required) {}
