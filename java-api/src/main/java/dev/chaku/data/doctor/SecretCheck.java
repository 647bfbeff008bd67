package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Likely secrets and personal data. Patterns of public key formats; numbers of cards by their check digit (Luhn). */
final class SecretCheck implements Check {
    /** A kind of key: a literal that it has, which is quick to look for, and its whole form. */
    private record Secret(String kind, String literal, Pattern form) {
        boolean isIn(String text) {
            return text.contains(literal) && form.matcher(text).find();
        }
    }

    private static final List<Secret> SECRETS = List.of(
            secret("private key", "PRIVATE KEY", "-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
            secret("AWS key", "AKIA", "\\bAKIA[0-9A-Z]{16}\\b"),
            secret("AWS key", "ASIA", "\\bASIA[0-9A-Z]{16}\\b"),
            secret("GitHub token", "gh", "\\bgh[pousr]_[A-Za-z0-9]{36,}\\b"),
            secret("GitHub token", "github_pat_", "\\bgithub_pat_[A-Za-z0-9_]{40,}"),
            secret("API key", "sk-", "\\bsk-[A-Za-z0-9_-]{20,}"),
            secret("Hugging Face token", "hf_", "\\bhf_[A-Za-z0-9]{30,}\\b"),
            secret("Google key", "AIza", "\\bAIza[0-9A-Za-z_-]{35}"),
            secret("Slack token", "xox", "\\bxox[abprs]-[0-9A-Za-z-]{10,}"),
            secret("web token", "eyJ", "\\beyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}"));
    private static final List<String> PASSWORD_WORDS = List.of("password", "passwd", "api", "secret");
    private static final Pattern PASSWORD = Pattern.compile(
            "(?i)\\b(?:password|passwd|api[_-]?key|secret)\\b[\"']?\\s{0,3}[:=]\\s{0,3}[\"']?[^\\s\"'<>{}]{8,}");
    private static final Pattern MAIL =
            Pattern.compile("[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63})*\\.[A-Za-z]{2,10}");
    private static final Pattern CARD =
            Pattern.compile("(?<![0-9])[3-6][0-9]{3}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}(?![0-9])");
    private static final Pattern PHONE =
            Pattern.compile("(?<![0-9+-])(?:\\+[1-9][0-9]{0,2}[ -]?\\(?[0-9]{1,4}\\)?(?:[ -]?[0-9]{2,4}){2,3}"
                    + "|0[0-9]{1,3}-[0-9]{2,4}-[0-9]{4})(?![0-9-])");
    private static final Pattern SOCIAL_SECURITY =
            Pattern.compile("(?<![0-9-])[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}(?![0-9-])");
    private static final Pattern EXAMPLE_MAIL =
            Pattern.compile(".*@(?:[a-z0-9-]+\\.)?example\\.(?:com|org|net)", Pattern.CASE_INSENSITIVE);

    /** No number of the kinds below has fewer. */
    private static final int FEWEST_DIGITS = 7;

    private final FindingBuilder secret = new FindingBuilder("secret", Severity.ERROR);
    private final FindingBuilder password = new FindingBuilder("password", Severity.WARNING);
    private final FindingBuilder personal = new FindingBuilder("personal-data", Severity.WARNING);

    @Override
    public void see(Sample sample) {
        if (sample.example() instanceof Example.Tokens) {
            return; // Ids look like numbers of all kinds.
        }
        String text = sample.text();
        String kind = secretKind(text);
        if (!kind.isEmpty()) {
            secret.at(sample.source(), kind);
        }
        if (hasPassword(text)) {
            password.at(sample.source(), "");
        }
        String person = personalKind(text);
        if (!person.isEmpty()) {
            personal.at(sample.source(), person);
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        secret.into(
                findings,
                "What looks like keys",
                "A model says what it was trained on, to anybody who asks the right way.",
                "Take them out of the data, and revoke them if they are real.");
        password.into(
                findings,
                "What looks like passwords",
                "A model says what it was trained on, to anybody who asks the right way.",
                "Replace them by invented ones, and change them if they are real.");
        personal.into(
                findings,
                "What looks like personal data",
                "Names with addresses or numbers come out again in answers to others.",
                "Replace them by invented ones, unless they belong there.");
    }

    private static Secret secret(String kind, String literal, String form) {
        return new Secret(kind, literal, Pattern.compile(form));
    }

    /** The kind of the first secret in a text, or empty. The secret itself is never told. */
    static String secretKind(String text) {
        return SECRETS.stream()
                .filter(secret -> secret.isIn(text))
                .map(Secret::kind)
                .findFirst()
                .orElse("");
    }

    private static boolean hasPassword(String text) {
        if (text.indexOf(':') < 0 && text.indexOf('=') < 0) {
            return false;
        }
        String lower = text.toLowerCase(Locale.ROOT);
        return PASSWORD_WORDS.stream().anyMatch(lower::contains)
                && PASSWORD.matcher(text).find();
    }

    static String personalKind(String text) {
        if (text.indexOf('@') >= 0) {
            Matcher mail = MAIL.matcher(text);
            while (mail.find()) {
                if (!EXAMPLE_MAIL.matcher(mail.group()).matches()) {
                    return "e-mail address";
                }
            }
        }
        if (text.chars().filter(c -> c >= '0' && c <= '9').limit(FEWEST_DIGITS).count() < FEWEST_DIGITS) {
            return "";
        }
        Matcher card = CARD.matcher(text);
        while (card.find()) {
            if (isCard(card.group())) {
                return "card number";
            }
        }
        if (SOCIAL_SECURITY.matcher(text).find()) {
            return "social security number";
        }
        return PHONE.matcher(text).find() ? "telephone number" : "";
    }

    private static boolean isCard(String text) {
        String digits = text.replaceAll("[ -]", "");
        int sum = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(digits.length() - 1 - i) - '0';
            int doubled = i % 2 == 0 ? digit : 2 * digit;
            sum += doubled > 9 ? doubled - 9 : doubled;
        }
        return digits.length() >= 13 && digits.length() <= 19 && sum % 10 == 0;
    }
}
