package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.Map;

/** Roles of conversations: who is missing, and whose turn it is not. */
final class RoleCheck implements Check {
    private final FindingBuilder noSystem = new FindingBuilder("missing-system", Severity.WARNING);
    private final FindingBuilder noUser = new FindingBuilder("missing-user", Severity.ERROR);
    private final FindingBuilder order = new FindingBuilder("role-order", Severity.WARNING);
    private int withSystem;

    @Override
    public void see(Sample sample) {
        List<Map<String, Object>> messages = sample.messages();
        if (messages.isEmpty()) {
            return;
        }
        boolean system = has(messages, "system") || has(messages, "developer");
        withSystem += system ? 1 : 0;
        if (!system) {
            noSystem.at(sample.source(), "");
        }
        if (!has(messages, "user")) {
            noUser.at(sample.source(), Sample.content(messages.get(messages.size() - 1)));
        }
        String fault = orderFault(messages);
        if (!fault.isEmpty()) {
            order.at(sample.source(), fault);
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        if (withSystem > 0) {
            noSystem.into(
                    findings,
                    "No system message, though " + withSystem + " other conversations have one",
                    "The model learns two behaviours, with and without it, and which one a user gets depends on the system message.",
                    "Add the same system message, or take it out everywhere.");
        }
        noUser.into(
                findings,
                "No message of the user",
                "The assistant learns to speak without having been asked, which never happens in use.",
                "Add the question that was asked, or leave the example out.");
        order.into(
                findings,
                "Turns out of order",
                "Many chat templates refuse such conversations or merge turns; in use they do not occur.",
                "Let user and assistant take turns, the system message first, the assistant last.");
    }

    private static boolean has(List<Map<String, Object>> messages, String role) {
        return messages.stream().anyMatch(m -> Sample.role(m).equals(role));
    }

    /** What is out of order, or empty. */
    private static String orderFault(List<Map<String, Object>> messages) {
        String before = "";
        for (int i = 0; i < messages.size(); i++) {
            String role = Sample.role(messages.get(i));
            boolean calls = i > 0 && messages.get(i - 1).containsKey("tool_calls");
            if ((role.equals("system") || role.equals("developer")) && i > 0) {
                return "message " + (i + 1) + " is a system message";
            }
            if (role.equals("assistant") && (before.isEmpty() || before.equals("system"))) {
                return "the assistant speaks first";
            }
            if (role.equals(before) && !role.equals("tool") && !calls) {
                return "messages " + i + " and " + (i + 1) + " are both of role " + role;
            }
            if (role.equals("tool") && before.equals("user")) {
                return "message " + (i + 1) + " answers a tool that was not called";
            }
            before = role;
        }
        return before.equals("assistant") ? "" : "the last message is of role " + before;
    }
}
