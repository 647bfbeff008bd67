/**
 * The model families, one file each. A family is a class that extends {@code Family}, and one line of
 * {@link dev.chaku.internal.arch.family.ModelFamilies}; its file says
 *
 * <ul>
 *   <li>{@code traits}: in what its decoder differs from llama's, from which GGUF keys and tensors are read. What no
 *       family had before gets a switch in one of the traits of {@code internal.arch} and a reader there, not a branch
 *       on a name;
 *   <li>{@code modules}: what Hugging Face calls the modules that adapters add to, and where rows and columns of their
 *       weights stand in another order;
 *   <li>{@code huggingFace}: the classes of config.json, the rules of their tensors in the order of the file, and the
 *       keys that config.json becomes.
 * </ul>
 *
 * What two families share is a static method of the older one, or of {@code LayerNorms} and {@code MixerRules}. The
 * steps with their tests stand in docs/adding-a-family.md.
 */
@NullMarked
package dev.chaku.internal.arch.family;

import org.jspecify.annotations.NullMarked;
