package dev.chaku.convert;

import dev.chaku.adapter.HeadRows;
import dev.chaku.internal.DirectBuffers;
import dev.chaku.quantize.RowSource;
import dev.chaku.quantize.Scratch;
import java.nio.FloatBuffer;
import java.util.List;

/** Rows of GGUF tensors out of those of safetensors files. */
final class ChangedRows {
  private ChangedRows() {}

  /** As they are. */
  static RowSource plain(SafetensorsFolder folder, String name, long columns) {
    return (row, target, scratch) -> folder.read(name, row * columns, target, scratch);
  }

  /** Rows of each head in the order in which neighbours are rotated together. */
  static RowSource headRows(SafetensorsFolder folder, String name, long columns, int headDim) {
    return (row, target, scratch) -> {
      long rows = target.remaining() / columns;
      for (long i = 0; i < rows; i++) {
        FloatBuffer one = target.slice((int) (i * columns), (int) columns);
        folder.read(name, HeadRows.huggingFaceRow(row + i, headDim) * columns, one, scratch);
      }
    };
  }

  /** The same of a vector, such as a bias. */
  static RowSource headValues(SafetensorsFolder folder, String name, int headDim) {
    return (row, target, scratch) -> {
      FloatBuffer plain = DirectBuffers.floats(target.remaining());
      folder.read(name, 0, plain, scratch);
      for (int i = 0; i < plain.limit(); i++) {
        target.put(i, plain.get((int) HeadRows.huggingFaceRow(i, headDim)));
      }
    };
  }

  /** 1 more than they are. */
  static RowSource plusOne(RowSource source) {
    return (row, target, scratch) -> {
      source.read(row, target.duplicate(), scratch);
      for (int i = 0; i < target.limit(); i++) {
        target.put(i, target.get(i) + 1);
      }
    };
  }

  /** The matrices of several tensors, one after the other. */
  static RowSource stacked(SafetensorsFolder folder, List<String> names, long rowsEach, long columns) {
    return (row, target, scratch) -> {
      long rows = target.remaining() / columns;
      long done = 0;
      while (done < rows) {
        long at = row + done;
        long part = Math.min(rows - done, rowsEach - at % rowsEach);
        FloatBuffer slice = target.slice((int) (done * columns), (int) (part * columns));
        folder.read(names.get((int) (at / rowsEach)), at % rowsEach * columns, slice, scratch);
        done += part;
      }
    };
  }

  /** Columns of a tensor [columns, rows] as rows; a band of them is read at a time. */
  static RowSource transposed(SafetensorsFolder folder, String name, long rows, long columns) {
    return (row, target, scratch) -> {
      int wanted = (int) (target.remaining() / columns);
      Scratch inner = new Scratch();
      FloatBuffer line = DirectBuffers.floats(wanted);
      for (long c = 0; c < columns; c++) {
        folder.read(name, c * rows + row, line.clear(), inner);
        for (int i = 0; i < wanted; i++) {
          target.put((int) (i * columns + c), line.get(i));
        }
      }
    };
  }
}
