package dev.chaku.data.doctor;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Keys of messages that nobody reads: what stands there is not in the text that is trained. With a chat template it is
 * tried: where the text is the same without the key, nobody read it. Without one, keys that many templates read are
 * believed to be.
 */
final class MessageKeyCheck implements Check {
    /** Keys that are read whatever the template does, or that link a call with its answer. */
    private static final Set<String> READ = Set.of("role", "content", "tool_calls", "function_call", "tool_call_id");

    private static final Set<String> READ_BY_MANY =
            Set.of("name", "reasoning_content", "reasoning", "thinking", "tool_plan", "prefix", "eot");

    /** A key that so many texts were the same without is read in none. */
    private static final int TRIALS = 8;

    private static final int MOST_KEYS = 200;

    private final @Nullable ChatRenderer chat;
    private final Map<String, FindingBuilder> unread = new TreeMap<>();
    private final Map<String, Integer> trials = new TreeMap<>();
    private final Set<String> read = new TreeSet<>();

    /** @param chat the chat template, or null */
    MessageKeyCheck(@Nullable ChatRenderer chat) {
        this.chat = chat;
        if (chat == null) {
            read.addAll(READ_BY_MANY);
        }
    }

    @Override
    public void see(Sample sample) {
        Set<String> keys = new TreeSet<>();
        for (Map<String, Object> message : sample.messages()) {
            for (String key : message.keySet()) {
                if (!READ.contains(key) && !read.contains(key)) {
                    keys.add(key);
                }
            }
        }
        for (String key : keys) {
            if (chat != null && isRead(chat, sample, key)) {
                read.add(key);
            } else if (unread.containsKey(key) || unread.size() < MOST_KEYS) {
                unread.computeIfAbsent(key, k -> new FindingBuilder("unread-keys", Severity.WARNING))
                        .at(sample.source(), "'" + key + "'");
            }
        }
    }

    private boolean isRead(ChatRenderer renderer, Sample sample, String key) {
        if (trials.merge(key, 1, Integer::sum) > TRIALS) {
            return false;
        }
        List<Map<String, Object>> without = new ArrayList<>();
        for (Map<String, Object> message : sample.messages()) {
            Map<String, Object> copy = new LinkedHashMap<>(message);
            copy.remove(key);
            without.add(copy);
        }
        try {
            List<Object> tools = tools(sample.example());
            return !renderer.render(sample.messages(), tools, false).equals(renderer.render(without, tools, false));
        } catch (BadInputException e) {
            return true; // The template looked at it, or refuses the conversation anyway, which another check tells.
        }
    }

    private static List<Object> tools(Example example) {
        if (example instanceof Example.Chat conversation) {
            return conversation.tools();
        }
        if (example instanceof Example.Preference pair) {
            return pair.tools();
        }
        return example instanceof Example.Labelled labelled ? labelled.tools() : List.of();
    }

    @Override
    public void tell(List<Finding> findings) {
        unread.keySet().removeAll(read);
        if (unread.isEmpty()) {
            return;
        }
        FindingBuilder all = new FindingBuilder("unread-keys", Severity.WARNING);
        unread.values().forEach(all::add);
        all.into(
                findings,
                "Keys of messages that nobody reads: "
                        + String.join(
                                ", ",
                                unread.keySet().stream()
                                        .map(FindingBuilder::shortened)
                                        .toList()),
                "What stands there is not trained: text is missing, and a flag or mask is not followed"
                        + (chat == null ? "; without a chat template it is not known whether it would be." : "."),
                "Flags that are read are weight, loss_weight, loss, train, training, trainable and train_on_turn of the assistant's"
                        + " messages; move text into the content, or leave the keys out.");
    }
}
