package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.data.Example;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguagesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The cow is in the barn, and the dog is with you.|english",
                "Die Kuh ist im Stall, und der Hund ist nicht auf der Wiese.|german",
                "La vache est dans la grange et les chiens sont avec vous.|french",
                "La vaca está en el granero y los perros no están con el gato.|spanish",
                "A vaca não está no celeiro, e os cães são do senhor.|portuguese",
                "La mucca è nella stalla e il cane non è con gli altri.|italian",
                "De koe is niet in de stal en het paard is van de boer.|dutch",
                "Bonjour!|''",
                "お勧めは「Monty Python and the Holy Grail」、「Three Amigos」です。|japanese",
                "Корова в хлеву.|''",
                "외양간에 소가 있습니다.|korean",
                "我们的猫在花园里睡觉我们的狗在房子里睡觉我们的牛在田野里吃草|chinese",
                "花鳥風月東京|''",
                "42|''"
            })
    void isTold(String text, String language) {
        assertEquals(language, Languages.of(text));
    }

    @Test
    void aGermanAnswerAmongEnglishOnesIsTold() {
        LanguageCheck check = new LanguageCheck();
        for (int i = 0; i < 9; i++) {
            String answer = i == 3
                    ? "Die Kuh ist im Stall, und der Hund ist nicht da."
                    : i == 4 ? "Mooo" : "The cow is in the barn and the dog is not.";
            check.see(Sample.of(new Example.PromptCompletion("f:" + i, "q", answer)));
        }
        List<Finding> findings = new ArrayList<>();
        check.tell(findings);
        assertEquals(
                List.of("f:3"),
                findings.get(0).places().stream().map(Finding.Place::source).toList());
    }

    @Test
    void shortAnswersAreOfNoOtherLanguage() {
        LanguageCheck check = new LanguageCheck();
        for (int i = 0; i < 9; i++) {
            check.see(Sample.of(new Example.PromptCompletion(
                    "f:" + i, "q", i == 3 ? "The cow is in the barn and the dog is not." : "Answer " + i)));
        }
        List<Finding> findings = new ArrayList<>();
        check.tell(findings);
        assertEquals(List.of(), findings);
    }
}
