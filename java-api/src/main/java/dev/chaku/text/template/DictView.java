package dev.chaku.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code keys()}, {@code values()} and {@code items()} of a dict return; sized, not indexable. */
record DictView(String typeName, List<@Nullable Object> items) {}
