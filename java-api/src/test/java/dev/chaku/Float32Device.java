package dev.chaku;

/** Tests that compare to the last digits of float32 run on a device whose products are in float32. */
public final class Float32Device {
    private Float32Device() {}

    /**
     * The device that would be chosen, unless it rounds operands to bfloat16: then AVX-512, which such a processor has.
     */
    public static Device get() {
        Device chosen = DeviceInfo.probe(Device.AUTO, 1).device();
        return chosen.roundsToBfloat16() ? Device.AVX512 : chosen;
    }

    /** The defaults, on that device. */
    public static ModelOptions options() {
        return ModelOptions.defaults().withDevice(get());
    }
}
