package dev.chaku.internal.adapter;

import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.Safetensors;

/**
 * The two matrices of a module as a folder holds them: named and ordered as at Hugging Face, in the shapes that a
 * {@link LoraPair} has. What they add to the module's weight is scale * B A.
 *
 * @param name of the module, without what tools put around it
 * @param experts E where one module stands for all experts of a product, else 1
 * @param rank R
 * @param inputs K; of an embedding the width
 * @param outputs N; of an embedding the size of the vocabulary
 * @param scale what the product B A is multiplied with
 * @param a [E, R, K]
 * @param b [E, N, R]
 */
record FoundModule(String name, int experts, int rank, int inputs, int outputs, double scale, Matrix a, Matrix b) {
    /**
     * A matrix in a file.
     *
     * @param file that holds it
     * @param tensor of the file
     * @param transposed whether rows and columns are exchanged
     */
    record Matrix(Safetensors file, Safetensors.Tensor tensor, boolean transposed) {
        int rows() {
            return Math.toIntExact(tensor.shape().get(transposed ? 1 : 0));
        }

        int columns() {
            return Math.toIntExact(tensor.shape().get(transposed ? 0 : 1));
        }

        float[] values() {
            float[] stored = file.floats(tensor.name());
            if (!transposed) {
                return stored;
            }
            return Transposed.of(stored, columns(), rows());
        }
    }

    /** Of a module that is not stacked, whose matrices tell all sizes. */
    static FoundModule of(String name, double scale, Matrix a, Matrix b) {
        return new FoundModule(name, 1, a.rows(), a.columns(), b.rows(), scale, a, b);
    }

    /** Alpha as a file would have it that holds this module alone. */
    double alpha() {
        return scale * rank;
    }

    /** What messages say of where it stands. */
    String where() {
        return a.file().path() + ": tensor '" + a.tensor().name() + "'";
    }

    /** The pair at a place, in a file of this alpha: the rest of the scale goes into B. */
    LoraPair pair(Place place, float alpha) {
        float[] bValues = b.values();
        if ((float) alpha() != alpha) {
            double rest = alpha() / alpha;
            for (int i = 0; i < bValues.length; i++) {
                bValues[i] = (float) (bValues[i] * rest);
            }
        }
        return new LoraPair(place, experts, rank, inputs, outputs, a.values(), bValues);
    }
}
