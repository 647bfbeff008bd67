package dev.chaku.train;

/**
 * What a training would do and take, computed without training.
 *
 * @param examples sequences per epoch
 * @param tokensPerEpoch all tokens, trained or not
 * @param trainedTokensPerEpoch tokens with a weight
 * @param rowsPerEpoch micro-batches
 * @param steps optimizer steps in all
 * @param parameters values that are trained
 * @param weightBytes the base's weights, mapped and shared
 * @param trainingBytes everything else
 * @param availableBytes what the machine can give now
 * @param truncated records of the data cut at the longest length
 * @param split records made into several sequences
 * @param dropped records left out
 * @param turnsApart conversations of which turns became sequences of their own, because the template rewrites earlier ones
 * @param conversations records that a chat template rendered: the adapter then answers chats
 * @param cutTokens tokens that truncated records lost
 * @param endsAdded conversations that got an end-of-text token, because their template writes no end that the vocabulary
 *     has
 * @param withoutEnd answers after which no token that ends generation is trained: the model may not stop there
 */
public record TrainingPlan(
    long examples,
    long tokensPerEpoch,
    long trainedTokensPerEpoch,
    int rowsPerEpoch,
    int steps,
    long parameters,
    long weightBytes,
    long trainingBytes,
    long availableBytes,
    int truncated,
    int split,
    int dropped,
    int turnsApart,
    int conversations,
    long cutTokens,
    int endsAdded,
    int withoutEnd) {}
