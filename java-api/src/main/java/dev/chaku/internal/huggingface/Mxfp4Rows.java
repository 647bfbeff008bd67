package dev.chaku.internal.huggingface;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.quantize.EncodedRows;
import java.nio.ByteBuffer;

/**
 * Experts that Hugging Face stores in MXFP4 [1]: {@code NAME_blocks} of bytes [experts, rows, columns / 32, 16] and
 * {@code NAME_scales} of exponents [experts, rows, columns / 32]. The numbers are those of GGUF's blocks; byte j holds
 * elements 2j and 2j + 1 there, the lower first, and elements j and j + 16 in GGUF, whose blocks begin with their
 * exponent.
 *
 * <p>[1] OCP Microscaling Formats (MX) Specification 1.0.
 *
 * @param rows of one expert, in the file
 * @param order which rows of the folder's tensor they are, in ascending order
 */
public record Mxfp4Rows(
        SafetensorsFolder folder, String name, long rows, long columns, RowOrder order, RowOrder.Sizes sizes)
        implements EncodedRows {
    private static final int PAIRS = 16;
    private static final int BLOCK_BYTES = PAIRS + 1;
    /** The exponent that [1] reserves. */
    private static final int NOT_A_NUMBER = 0xff;

    private static final int ELEMENTS = 2 * PAIRS;

    /** Whether a folder has a tensor in this form. */
    public static boolean isStored(SafetensorsFolder folder, String name) {
        return folder.has(blocks(name)) && folder.has(scales(name));
    }

    public static String blocks(String name) {
        return name + "_blocks";
    }

    public static String scales(String name) {
        return name + "_scales";
    }

    @Override
    public GgmlType type() {
        return GgmlType.MXFP4;
    }

    @Override
    public void readBlocks(long row, ByteBuffer target) {
        int rowBytes = Math.toIntExact(columns / ELEMENTS * BLOCK_BYTES);
        while (target.hasRemaining()) {
            long within = row % rows;
            int count = (int) Math.min(rows - within, target.remaining() / rowBytes);
            readBand(row / rows, within, count, target);
            row += count;
        }
    }

    /** Rows of one expert: all that lie between the first and the last of them are read at once. */
    private void readBand(long expert, long first, int count, ByteBuffer target) {
        int perRow = Math.toIntExact(columns / ELEMENTS);
        long from = order.huggingFaceRow(first, rows, sizes);
        int band = Math.toIntExact(order.huggingFaceRow(first + count - 1, rows, sizes) - from + 1);
        long at = expert * order.huggingFaceRows(rows, sizes) + from;
        ByteBuffer pairs = ByteBuffer.allocate(band * perRow * PAIRS);
        ByteBuffer scales = ByteBuffer.allocate(band * perRow);
        folder.readBytes(blocks(name), at * perRow * PAIRS, pairs);
        folder.readBytes(scales(name), at * perRow, scales);
        for (int i = 0; i < count; i++) {
            int row = (int) (order.huggingFaceRow(first + i, rows, sizes) - from);
            for (int block = row * perRow; block < (row + 1) * perRow; block++) {
                requireNumber(scales.get(block), at + row);
                target.put(scales.get(block));
                for (int j = 0; j < PAIRS; j++) {
                    target.put(
                            (byte) (element(pairs, block * PAIRS, j) | element(pairs, block * PAIRS, j + PAIRS) << 4));
                }
            }
        }
    }

    /** GGUF's blocks would take the scale for 2^127. */
    private void requireNumber(byte scale, long row) {
        if ((scale & 0xff) == NOT_A_NUMBER) {
            throw new BadInputException(folder.fileOf(scales(name)) + ": tensor '" + scales(name)
                    + "': expected finite values, found the scale that stands for" + " NaN in row " + row
                    + "; the file is damaged");
        }
    }

    private static int element(ByteBuffer read, int first, int index) {
        int pair = read.get(first + index / 2) & 0xff;
        return index % 2 == 0 ? pair & 0xf : pair >> 4;
    }
}
