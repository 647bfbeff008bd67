package dev.chaku.text.template;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class RangeTest {
    @TestFactory
    Stream<DynamicTest> isAsInPython() {
        return Jinja2.cases("Range");
    }
}
