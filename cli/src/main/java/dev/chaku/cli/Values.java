package dev.chaku.cli;

import dev.chaku.ActivationFormat;
import dev.chaku.AdapterFormat;
import dev.chaku.CacheFormat;
import dev.chaku.Device;
import dev.chaku.MergeRounding;
import dev.chaku.Shape;
import dev.chaku.WeightFormat;
import dev.chaku.data.ColumnMap;
import dev.chaku.data.DataFormat;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import dev.chaku.merge.SignElection;
import dev.chaku.registry.VersionState;
import dev.chaku.train.Decay;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.OptimizerKind;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How values of options are read that the library has names for; a name that it does not know is bad usage. */
final class Values {
    private Values() {}

    /** Has a command line read values so; names in any case, and of options given again the last. */
    static void register(CommandLine line) {
        line.setOverwrittenOptionsAllowed(true);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        register(line, AdapterFormat.class, AdapterFormat::parse);
        register(line, Device.class, Device::parse);
        register(line, WeightFormat.class, WeightFormat::parse);
        register(line, CacheFormat.class, CacheFormat::parse);
        register(line, ActivationFormat.class, ActivationFormat::parse);
        register(line, Shape.class, Shape::parse);
        register(line, DataFormat.class, DataFormat::parse);
        register(line, OverLong.class, OverLong::parse);
        register(line, ColumnMap.class, ColumnMap::parse);
        register(line, Decay.class, Decay::parse);
        register(line, LoraVariant.class, LoraVariant::parse);
        register(line, OptimizerKind.class, OptimizerKind::parse);
        register(line, VersionState.class, VersionState::parse);
        register(line, MergeRounding.class, MergeRounding::parse);
        register(line, SignElection.class, SignElection::parse);
    }

    private static <T> void register(CommandLine line, Class<T> type, Function<String, T> parse) {
        line.registerConverter(type, text -> {
            try {
                return parse.apply(text);
            } catch (BadInputException e) {
                throw new TypeConversionException(fault(e));
            }
        });
    }

    /** What is wrong with a value; its option is named where this is told, in place of the library's setting. */
    private static String fault(BadInputException failure) {
        int prefix = failure.setting()
                .map(setting -> setting.length() + ": ".length())
                .orElse(0);
        return failure.getMessage().substring(prefix);
    }
}
