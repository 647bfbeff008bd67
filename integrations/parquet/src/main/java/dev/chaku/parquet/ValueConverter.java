package dev.chaku.parquet;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;

/**
 * One value: text for bytes that are UTF-8, Long for integers, dates and times as they are stored, Double for floats
 * and decimals. Bytes that are no text, such as pictures, are left out.
 */
final class ValueConverter extends PrimitiveConverter {
    private final Consumer<Object> done;
    /** Digits after the point, or -1 for what is no decimal. */
    private final int scale;

    private final boolean unsigned;

    ValueConverter(PrimitiveType type, Consumer<Object> done) {
        this.done = done;
        LogicalTypeAnnotation annotation = type.getLogicalTypeAnnotation();
        this.scale = annotation instanceof DecimalLogicalTypeAnnotation decimal ? decimal.getScale() : -1;
        this.unsigned = annotation instanceof IntLogicalTypeAnnotation integer && !integer.isSigned();
    }

    @Override
    public void addBinary(Binary value) {
        if (scale >= 0) {
            done.accept(new BigDecimal(new BigInteger(value.getBytes()), scale).doubleValue());
            return;
        }
        try {
            done.accept(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(value.toByteBuffer())
                    .toString());
        } catch (CharacterCodingException e) {
            return; // No text: a data set of texts has no use for it.
        }
    }

    @Override
    public void addBoolean(boolean value) {
        done.accept(value);
    }

    @Override
    public void addInt(int value) {
        addLong(unsigned ? Integer.toUnsignedLong(value) : value);
    }

    @Override
    public void addLong(long value) {
        if (scale >= 0) {
            done.accept(BigDecimal.valueOf(value, scale).doubleValue());
        } else if (unsigned && value < 0) {
            done.accept(new BigInteger(Long.toUnsignedString(value)));
        } else {
            done.accept(value);
        }
    }

    @Override
    public void addFloat(float value) {
        done.accept((double) value);
    }

    @Override
    public void addDouble(double value) {
        done.accept(value);
    }
}
