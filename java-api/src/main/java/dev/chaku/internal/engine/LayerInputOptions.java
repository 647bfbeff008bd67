package dev.chaku.internal.engine;

/**
 * What each layer adds of an input of its own; see {@code chaku_layer_input_options}.
 *
 * @param width P of each layer
 * @param tableScale multiplies what a token has in the table
 * @param projectionScale multiplies what its embedding gives
 * @param scale multiplies their sum
 */
public record LayerInputOptions(int width, float tableScale, float projectionScale, float scale) {}
