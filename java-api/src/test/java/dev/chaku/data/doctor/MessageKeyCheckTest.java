package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Example;
import dev.chaku.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MessageKeyCheckTest {
    private static final ChatRenderer READS_NAMES = ChatRenderer.of(ChatTemplate.parse(
            "t",
            "{% for m in messages %}{{ m.role }}{{ m.name or '' }}: {{ m.content }}\n{% endfor %}",
            "<s>",
            "</s>"));

    private static List<Finding> findings(
            @Nullable ChatRenderer chat, Map<String, Object> user, Map<String, Object> answer) {
        MessageKeyCheck check = new MessageKeyCheck(chat);
        for (int i = 0; i < 20; i++) {
            check.see(Sample.of(Example.Chat.of("f:" + i, List.of(user, answer), List.of())));
        }
        List<Finding> findings = new ArrayList<>();
        check.tell(findings);
        return findings;
    }

    private static final Map<String, Object> ASKED =
            Map.of("role", "user", "content", "q", "name", "Ann", "train", true);
    private static final Map<String, Object> ANSWER =
            Map.of("role", "assistant", "content", "a", "weight", 0.5, "train_detail", List.of(), "tool_call_id", "x");

    @Test
    void whatTheTemplateDoesNotWriteIsTold() {
        Finding finding = findings(READS_NAMES, ASKED, ANSWER).get(0);
        assertEquals("unread-keys", finding.id());
        assertEquals("Keys of messages that nobody reads: train, train_detail", finding.title());
        assertEquals(40, finding.count());
        assertEquals(new Finding.Place("f:0", "'train'"), finding.places().get(0));
    }

    @Test
    void withoutATemplateWellKnownKeysAreBelieved() {
        Finding finding = findings(null, ASKED, ANSWER).get(0);
        assertEquals("Keys of messages that nobody reads: train, train_detail", finding.title());
        assertTrue(finding.why().contains("without a chat template"), finding.why());
        Map<String, Object> plain = Map.of("role", "user", "content", "q");
        assertEquals(List.of(), findings(null, plain, Map.of("role", "assistant", "content", "a", "loss", true)));
        Map<String, Object> named = Map.of("role", "user", "content", "q", "name", "Ann");
        ChatRenderer chatml = ChatRenderer.of(ChatTemplate.named("chatml", "<s>", "</s>"));
        assertEquals(
                1,
                findings(chatml, named, Map.of("role", "assistant", "content", "a"))
                        .size());
    }
}
