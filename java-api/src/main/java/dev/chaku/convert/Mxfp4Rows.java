package dev.chaku.convert;

import dev.chaku.adapter.RowOrder;
import dev.chaku.gguf.GgmlType;
import java.nio.ByteBuffer;

/**
 * Experts that Hugging Face stores in MXFP4 [1]: {@code NAME_blocks} of bytes [experts, rows, columns / 32, 16] and {@code
 * NAME_scales} of exponents [experts, rows, columns / 32]. The numbers are those of GGUF's blocks; byte j holds elements 2j
 * and 2j + 1 there, the lower first, and elements j and j + 16 in GGUF, whose blocks begin with their exponent.
 *
 * <p>[1] OCP Microscaling Formats (MX) Specification 1.0.
 *
 * @param rows of one expert, in the file
 * @param order which rows of the folder's tensor they are
 */
record Mxfp4Rows(SafetensorsFolder folder, String name, long rows, long columns, RowOrder order, RowOrder.Sizes sizes)
    implements EncodedRows {
  private static final int PAIRS = 16;
  private static final int BLOCK_BYTES = PAIRS + 1;
  private static final int ELEMENTS = 2 * PAIRS;

  /** Whether a folder has a tensor in this form. */
  static boolean isStored(SafetensorsFolder folder, String name) {
    return folder.has(blocks(name)) && folder.has(scales(name));
  }

  static String blocks(String name) {
    return name + "_blocks";
  }

  static String scales(String name) {
    return name + "_scales";
  }

  @Override
  public GgmlType type() {
    return GgmlType.MXFP4;
  }

  @Override
  public void readBlocks(long row, ByteBuffer target) {
    int perRow = Math.toIntExact(columns / ELEMENTS);
    long each = order.huggingFaceRows(rows, sizes);
    int count = target.remaining() / (perRow * BLOCK_BYTES);
    ByteBuffer read = ByteBuffer.allocate(perRow * BLOCK_BYTES);
    for (int i = 0; i < count; i++) {
      long at = row + i;
      long from = at / rows * each + order.huggingFaceRow(at % rows, sizes);
      folder.readBytes(blocks(name), from * perRow * PAIRS, read.slice(0, perRow * PAIRS));
      folder.readBytes(scales(name), from * perRow, read.slice(perRow * PAIRS, perRow));
      for (int block = 0; block < perRow; block++) {
        put(read, block, perRow, target);
      }
    }
  }

  private static void put(ByteBuffer read, int block, int perRow, ByteBuffer target) {
    target.put(read.get(perRow * PAIRS + block));
    int first = block * PAIRS;
    for (int j = 0; j < PAIRS; j++) {
      target.put((byte) (element(read, first, j) | element(read, first, j + PAIRS) << 4));
    }
  }

  private static int element(ByteBuffer read, int first, int index) {
    int pair = read.get(first + index / 2) & 0xff;
    return index % 2 == 0 ? pair & 0xf : pair >> 4;
  }
}
