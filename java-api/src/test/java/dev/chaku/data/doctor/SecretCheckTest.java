package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.data.Example;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretCheckTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-----BEGIN RSA PRIVATE KEY-----|private key",
                "key AKIAABCDEFGHIJKLMNOP|AWS key",
                "ghp_abcdefghijklmnopqrstuvwxyz0123456789|GitHub token",
                "sk-proj-abcdefghijklmnopqrstuvwx|API key",
                "a password has eight characters|''",
                "risk-taking-is-part-of-the-game-they-say|''",
            })
    void knowsSecrets(String text, String kind) {
        assertEquals(kind, SecretCheck.secretKind(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "write to a.b@corp.co.jp|e-mail address",
                "write to user@example.com|''",
                "4111 1111 1111 1111|card number",
                "4111 1111 1111 1112|''",
                "123-45-6789|social security number",
                "call +49 30 1234 5678|telephone number",
                "call 03-1234-5678|telephone number",
                "in 1990-2000 and 3.14159|''",
            })
    void knowsPersonalData(String text, String kind) {
        assertEquals(kind, SecretCheck.personalKind(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "password: hunter2hunter2|1",
                "{\"api_key\": \"abcdef0123456\"}|1",
                "a password of eight characters|0"
            })
    void knowsPasswords(String text, int count) {
        List<Finding> findings = new ArrayList<>();
        SecretCheck check = new SecretCheck();
        check.see(Sample.of(new Example.Text("f:1", text)));
        check.tell(findings);
        assertEquals(
                count,
                findings.stream()
                        .filter(finding -> finding.id().equals("password"))
                        .count());
    }
}
