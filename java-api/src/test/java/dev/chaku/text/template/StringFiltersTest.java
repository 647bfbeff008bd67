package dev.chaku.text.template;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class StringFiltersTest {
    @TestFactory
    Stream<DynamicTest> isAsInPython() {
        return Jinja2.cases("StringFilters");
    }
}
