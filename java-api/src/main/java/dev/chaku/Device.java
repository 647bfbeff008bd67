package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.ComputePath;
import dev.chaku.internal.engine.CudaChoice;
import dev.chaku.internal.engine.EngineInfo;
import dev.chaku.internal.engine.EngineOptions;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What computes: a path of the processor, or a CUDA device, which is one of {@link Gpus}.
 *
 * <p>The kernels of CUDA devices are an optional library beside the processor's, and have not run on hardware yet: no
 * choice of a processor, {@link #AUTO} included, becomes a CUDA device by itself.
 */
public final class Device {
    /**
     * The fastest that the processor of this machine has; the environment variable {@code CHAKU_CPU} (float32,
     * reference, avx2, avx512, avx512vnni, avx512bf16 or amx) replaces this choice.
     *
     * <p>Where the processor multiplies bfloat16 fast (AMX, AVX-512 BF16), training and the reading of a prompt round
     * the operands of their matrix products to bfloat16, with sums in float32: three digits, as training on graphics
     * cards does. Products of tokens that the model generates, one by one, are as exact as float32 everywhere.
     * {@link #FLOAT32} is for results to the last digit.
     */
    public static final Device AUTO = new Device(ComputePath.AUTO, null);

    /** Scalar code: slow, and what the others are tested against. */
    public static final Device REFERENCE = new Device(ComputePath.REFERENCE, null);

    /** The processor with AVX2 and FMA. */
    public static final Device AVX2 = new Device(ComputePath.AVX2, null);

    /** The processor with AVX-512. */
    public static final Device AVX512 = new Device(ComputePath.AVX512, null);

    /**
     * AMX tiles: products of prompts and training on bfloat16 operands with float32 sums, to three digits, many times
     * as fast as AVX-512.
     */
    public static final Device AMX = new Device(ComputePath.AMX, null);

    /** AVX-512 with products of prompts and training on bfloat16 operands: nearly twice as fast, to three digits. */
    public static final Device AVX512BF16 = new Device(ComputePath.AVX512_BF16, null);

    /** AVX-512 with VNNI: weights are multiplied as integers with generated tokens, as exactly as in float32. */
    public static final Device AVX512VNNI = new Device(ComputePath.AVX512_VNNI, null);

    /** The fastest of the processor's paths that compute in float32 throughout. */
    public static final Device FLOAT32 = new Device(ComputePath.FLOAT32, null);

    private static final List<Device> PROCESSOR =
            List.of(AUTO, REFERENCE, AVX2, AVX512, AMX, AVX512BF16, AVX512VNNI, FLOAT32);
    private static final Pattern CUDA = Pattern.compile("(prefer-)?cuda(-float32)?(?::([0-9]{1,4}))?");

    private final ComputePath path;
    private final @Nullable CudaChoice cuda;

    private Device(ComputePath path, @Nullable CudaChoice cuda) {
        this.path = path;
        this.cuda = cuda;
    }

    /**
     * A CUDA device, which is required: what needs it fails where it cannot be used, and says why. The operands of
     * large products (prompts, training) are rounded to bfloat16.
     *
     * @param number from 0, as {@link Gpus} counts
     * @return the device
     * @throws BadInputException if the number is negative
     */
    public static Device cuda(int number) {
        if (number < 0) {
            throw BadInputException.ofSetting("device", "a number of at least 0", number);
        }
        return new Device(ComputePath.AUTO, new CudaChoice(number, true));
    }

    /**
     * {@return the same device, in whose place the processor computes where it cannot be used;
     * {@link DeviceInfo#fallback} then says why} A path of the processor is always required, and stays as it is.
     */
    public Device preferred() {
        return cuda == null ? this : new Device(path, cuda.preferred());
    }

    /** {@return the same device, rounding no operands: of the processor {@link #FLOAT32}} */
    public Device inFloat32() {
        return new Device(ComputePath.FLOAT32, cuda);
    }

    /**
     * {@return the same device, on which the weights of some layers stay} The others' lie in this machine's memory and
     * are brought to the device layer by layer, one ahead of what computes: models that are larger than the device's
     * memory run, more slowly, with the same results to the bit. What is outside layers (embedding, output) stays in
     * any case. A path of the processor stays as it is; {@link DeviceInfo#device} does not tell.
     *
     * @param layers how many stay, spread evenly over the depth; two more find room on their way
     * @throws BadInputException if the number is negative
     */
    public Device withGpuLayers(int layers) {
        if (layers < 0) {
            throw BadInputException.ofSetting("gpu layers", "a number of at least 0", layers);
        }
        return cuda == null ? this : new Device(path, cuda.withGpuLayers(layers));
    }

    /**
     * {@return the same device, where a training leaves less for its backward pass} The inputs of layers wait in this
     * machine's memory, to which they go while the next layer computes, and from which they come back one layer ahead:
     * longer rows fit, with the same results to the bit. A path of the processor stays as it is;
     * {@link DeviceInfo#device} does not tell.
     */
    public Device offloadingActivations() {
        return cuda == null ? this : new Device(path, cuda.offloading());
    }

    /** {@return whether this is a CUDA device} */
    public boolean isCuda() {
        return cuda != null;
    }

    EngineOptions engineOptions(int threads) {
        return new EngineOptions(threads, path, cuda);
    }

    /** The device in use. */
    static Device of(EngineInfo info) {
        Integer number = info.cuda();
        return number == null ? of(info.path()) : new Device(info.path(), new CudaChoice(number, true));
    }

    /** The processor's device of a path. */
    static Device of(ComputePath path) {
        return new Device(path, null);
    }

    /**
     * Reads a name: {@code auto}, {@code cpu} (the same), a processor path, {@code cuda}, {@code cuda:N} for device N,
     * {@code cuda-float32} for one that rounds no operands, {@code prefer-cuda} for the processor where there is none;
     * in any case.
     *
     * @param name as {@link #label} writes it, or {@code cpu}
     * @return the device
     * @throws BadInputException if it is none of them
     */
    public static Device parse(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        if (wanted.equals("cpu")) {
            return AUTO;
        }
        Matcher ofCuda = CUDA.matcher(wanted);
        if (ofCuda.matches()) {
            Device device = cuda(ofCuda.group(3) == null ? 0 : Integer.parseInt(ofCuda.group(3)));
            Device exact = ofCuda.group(2) == null ? device : device.inFloat32();
            return ofCuda.group(1) == null ? exact : exact.preferred();
        }
        return PROCESSOR.stream()
                .filter(device -> device.label().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown device " + name + "; expected cpu, "
                        + PROCESSOR.stream().map(Device::label).collect(Collectors.joining(", "))
                        + ", cuda, cuda:N, cuda-float32 or prefer-cuda"));
    }

    /**
     * {@return whether the operands of large products (prompts, training) are rounded to bfloat16, three digits} Their
     * sums, and all else, are float32 on every device; {@link #AUTO} has no answer of its own and says false.
     */
    public boolean roundsToBfloat16() {
        return cuda != null ? path != ComputePath.FLOAT32 : path == ComputePath.AMX || path == ComputePath.AVX512_BF16;
    }

    /** {@return the name as command lines write it} */
    public String label() {
        if (cuda == null) {
            return path.name().toLowerCase(Locale.ROOT).replace("_", "");
        }
        return (cuda.required() ? "" : "prefer-")
                + (path == ComputePath.FLOAT32 ? "cuda-float32" : "cuda")
                + (cuda.number() == 0 ? "" : ":" + cuda.number());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Device device && path == device.path && Objects.equals(cuda, device.cuda);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, cuda);
    }

    @Override
    public String toString() {
        return label();
    }
}
