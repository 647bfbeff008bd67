package dev.chaku;

import java.util.OptionalDouble;

/**
 * What {@link Quantizer#write} did.
 *
 * @param plan tensor by tensor
 * @param fileBytes size of the new file
 * @param relativeError root-mean-square difference of the converted matrices over their root-mean-square value; empty
 *     unless it was measured
 */
public record QuantizationReport(QuantizationPlan plan, long fileBytes, OptionalDouble relativeError) {}
