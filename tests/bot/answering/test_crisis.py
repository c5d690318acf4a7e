"""Who is recognised as needing help at once, and who only writes about such a subject."""

from dataclasses import replace

import pytest

from bot.answering.crisis import CrisisDetector, find_false_alarms
from index.evaluation.dataset import LABELLED_QUESTIONS, read_labelled_questions
from knowledge.loader import BUILT_IN, Knowledge
from knowledge.records.crisis_signs import CRISIS_FILE, CrisisSigns, read_crisis_signs

DETECTOR = CrisisDetector(read_crisis_signs(BUILT_IN / CRISIS_FILE))
DISTRESS = {
    "de": (
        "ich will nicht mehr leben", "Ich möchte einfach nicht mehr leben.", "ich moechte sterben",
        "ICH WILL STERBEN", "will nicht mehr ich will nur noch tot sein", "ich bringe mich um",
        "ich bring mich heute nacht um", "manchmal denk ich an selbstmord", "ich hab überlegt mich umzubrigen",
        "ich kann nicht mehr 😭", "hab ganz viele tabletten geschluckt", "ich ritze mich wieder und keiner weiss es",
        "Meine Tochter will sich das Leben nehmen, was soll ich tun?", "mein bester freund will sich umbringen",
        "Ich sehe keinen Ausweg mehr", "ich hab so selbstmord gedanken", "wenn ich tot wär würde das keiner merken",
        "dann bring ich mich halt um", "ich halte das alles nicht mehr aus", "ich springe gleich von der brücke",
        "mein Mann schlägt mich", "mein mann schlaegt mich seit jahren",
        "mein ex bedroht mich und steht vor meiner tür", "Er hat mich gestern wieder geschlagen",
        "ich werde von meinem Freund geschlagen", "papa schlägt mama", "ich habe angst vor meinem vater",
        "er sagt er bringt mich um", "Mein Partner hat mich vergewaltigt.",
        "wo kann ich hin, mein Mann schlägt mich und die Kinder", "ich wurde vergewaltigt",
        "ich werde in der schule gemobbt", "meine eltern schlagen mich wenn ich schlechte noten hab",
        "ich erlebe zu hause gewalt", "mein mann schlägt mich vor den kindern", "ich brauche ein frauenhaus",
        "er droht mir mit dem messer", "hier brennt es", "HIER BRENNTS", "es brennt!!! was soll ich machen",
        "unsere küche brennt", "Feuer im Keller!", "Hilfe ein Notfall, er atmet nicht", "hilfe notfall",
        "meine oma atmet nicht mehr", "sie ist bewusstlos zusammengebrochen", "wir brauchen einen krankenwagen",
        "bitte ruft die polizei", "Mein Kollege hat einen Herzinfarkt", "jemand bricht gerade bei uns ein",
        "er blutet ganz stark", "ich mag nicht mehr leben", "ich will nimmer leben",
        "hab keinen bock mehr auf mein leben", "ich wünschte ich wäre tot",
        "am liebsten würd ich einfach nicht mehr aufwachen", "ich hab vor mich heute abend umzubringen",
        "ich denke die ganze zeit an suizid", "ich möchte mir das leben nehmen", "ich tu mir was an",
        "ich will mir etwas antun", "ich habe suizidgedanken und weiß nicht wohin",
        "niemand würde mich vermissen wenn ich weg bin", "ich will alles beenden",
        "es hat alles keinen sinn mehr ich will sterben", "Ich habe mir die Arme aufgeschnitten",
        "ich schneide mich", "meine schwester hat sich geritzt", "mein Sohn hat gesagt er will nicht mehr leben",
        "mein Bruder will sich was antun", "Meine Freundin droht mit Selbstmord",
        "ich weiss nicht mehr weiter ich will nicht mehr leben", "ich habe solche angst vor ihm",
        "mein freund schlägt mich wenn er betrunken ist", "mein mann hat mich gewürgt",
        "werde von meinem mann bedroht", "ich werde gestalkt", "mein stiefvater fasst mich an",
        "mein onkel hat mich angefasst", "er lässt mich nicht aus der wohnung", "mein vater schlägt meine mutter",
        "mein mann schlagt mich ich weis nicht wohin", "mein Mann hat gedroht mich umzubringen",
        "Mein Nachbar schlägt seine Kinder", "er will mich umbringen", "Ich bin Opfer häuslicher Gewalt",
        "Mein Bruder hat mich vergewaltigt", "meine familie will mich zwangsverheiraten", "jemand verfolgt mich",
        "ich werde verfolgt bitte hilfe", "in unserem haus brennt es", "das Haus brennt",
        "die Wohnung über uns brennt", "es brennt bei uns im treppenhaus", "mein kind hat tabletten verschluckt",
        "mein vater ist umgefallen und bewegt sich nicht", "meine frau ist bewustlos", "er hat keinen puls",
        "sie atmet nich mehr", "Hilfe Notfal mein Kind atmet nicht", "mein baby bekommt keine luft",
        "schnell einen krankenwagen", "rufen sie einen notarzt", "ich hatte einen unfall und blute",
        "einbrecher in der wohnung", "er hat ein messer", "hier wird geschossen",
        "ich brauche sofort hilfe mein mann rastet aus",
        "Bitte helfen Sie mir, mein Mann hat mich gerade wieder geschlagen und die Kinder weinen",
        "ich trau mich nicht nach hause", "hab mich grad geritzt", "will mich umbringen", "möchte sterben",
        "ich will weg sein für immer ich will sterben", "mein lebn hat kein sinn mehr", "ich wil nich mer leben",
        "ich will nicht mher leben", "ich möchte nciht mehr leben", "ich bring miich um", "ich bringe mcih um",
        "mein man schlegt mich", "mein freund schlät mich", "mein mann hat mich geschlgen", "er schlaegt mich",
        "Mein Sohn wird in der Schule verprügelt und will nicht mehr leben",
        "wenn das so weiter geht bring ich mich um", "bei uns im keller brennt es", "es brennt im haus",
        "Es brennt hier!", "Hier brennt's!", "Notfall! Meine Mutter atmet nicht",
        "ich glaube er hat einen herzinfarkt", "mein opa ist bewusstlos",
        "mein kleiner bruder ist vom balkon gefallen und blutet stark", "hilfe mein mann würgt mich",
    ),
    "en": (
        "i want to die", "I don't want to live anymore", "i dont wanna be here anymore", "im going to kill myself",
        "i keep thinking about suicide", "I am suicidal", "my life is not worth living", "my husband beats me",
        "my boyfriend hit me again last night", "he threatened to kill me", "i'm scared of my dad", "i was raped",
        "my dad hits me when hes drunk", "theres a fire in my kitchen", "help he is not breathing",
        "call an ambulance please", "she passed out and wont wake up", "someone is breaking in",
        "my son wants to kill himself", "my husband is hitting me", "he beats me and my kids",
        "i cant do this anymore i want to die", "i wanna kill myself", "i want to end my life", "i feel suicidal",
        "i've been cutting myself", "my friend wants to commit suicide", "my partner is abusing me",
        "my ex is stalking me", "i'm afraid he will kill me", "my house is on fire",
        "my dad collapsed and isnt breathing", "she is unconscious please help", "he has a gun",
        "i was sexually assaulted", "my boyfriend hits me what can i do", "I cannot go on living",
        "i dont want to live", "im scared of my husband",
    ),
    "tr": (
        "ölmek istiyorum", "artik yasamak istemiyorum", "kendimi öldüreceğim", "intihar etmeyi düşünüyorum",
        "kocam beni dövüyor", "Kocam beni her gün dövüyor ne yapabilirim", "babam bana vuruyor",
        "eşim beni ölümle tehdit ediyor", "kocamdan korkuyorum", "evde yangın var", "nefes almıyor yardım edin",
        "ambulans lazım acil", "tecavüze uğradım", "hayatıma son vermek istiyorum", "yaşamak istemiyorum artık",
        "intihar edicem", "eşim bana şiddet uyguluyor", "kocam beni öldürecek", "sevgilim beni dövdü",
        "annem nefes alamıyor", "evimiz yanıyor", "şiddet görüyorum", "erkek arkadaşım beni tehdit ediyor",
        "ölmek istiyom", "kocam bana vuruyor", "kendimi öldürmek istiyorum", "babam beni dövüyor korkuyorum",
        "kocam dövüyor beni",
    ),
    "uk": (
        "я не хочу жити", "не хочу більше жити", "хочу померти", "я вб'ю себе", "думаю про самогубство",
        "мене б'є чоловік", "чоловік мене побив", "він погрожує мене вбити", "я боюся свого чоловіка",
        "у нас пожежа", "він не дихає", "викличте швидку", "мене зґвалтували", "мій чоловік мене б'є",
        "чоловік б'є мене і дітей", "мене б’є мій хлопець", "хочу вмерти", "мені погрожують",
        "я більше так не можу хочу вмерти", "у мене думки про самогубство", "горить квартира", "батько б'є мене",
        "мама не дихає", "чоловік мене вб'є", "чоловік погрожує мені",
        "допоможіть мене б'є чоловік", "у мене горить хата",
    ),
    "ru": (
        "не хочу жить", "Я больше не хочу жить", "хочу умереть", "я убью себя", "думаю о самоубийстве",
        "муж меня бьет", "муж избил меня вчера", "он угрожает мне ножом", "боюсь своего мужа", "у нас пожар",
        "она не дышит помогите", "вызовите скорую", "меня изнасиловали", "я больше не могу", "муж бьёт меня и детей",
        "меня избивает муж", "я хочу умереть", "хочу покончить с собой", "не вижу смысла жить", "мой муж меня убьет",
        "отец меня бьет", "мне угрожают", "человек без сознания", "мужчина не дышит", "режу себя", "жить не хочу",
        "я хочу убить себя", "не хочу больше жить", "муж меня избивает что делать", "помогите муж меня бьет",
        "я боюсь мужа",
    ),
    "ar": (
        "أريد أن أموت", "لا أريد أن أعيش", "ما بدي عيش", "بدي موت", "سأقتل نفسي", "أفكر بالانتحار", "زوجي يضربني",
        "زوجي بيضربني كل يوم", "أبي ضربني اليوم", "زوجي يهددني بالقتل", "خايفة من زوجي", "تعرضت للاغتصاب",
        "في حريق بالبيت", "البيت يحترق", "أخي لا يتنفس", "اتصلوا بالإسعاف", "اريد ان اموت", "أريد الانتحار",
        "لا اريد ان اعيش بعد الآن", "رح اقتل حالي", "أفكر في الانتحار", "زوجي ضربني", "زوجي عم يضربني انا والأولاد",
        "أنا خائفة من زوجي", "زوجي يريد قتلي", "ابي يضربني", "أخي يضربني ويهددني", "أمي فاقدة الوعي", "حريق في بيتي",
        "ابني لا يتنفس", "تعبت من الحياة", "اغتصبني", "زوجي بيضربني وبخاف منه", "ما عاد بدي عيش", "بدي انتحر",
    ),
    "fr": (
        "je veux mourir", "j'ai envie de mourir", "je veux me suicider", "mon mari me frappe", "il m'a frappée hier",
        "j'ai peur de mon mari", "au secours il ne respire plus", "il y a le feu dans la cuisine", "je vais me tuer",
        "je n'en peux plus je veux mourir", "mon copain me tape", "mon mari veut me tuer",
        "je suis victime de violences conjugales", "il ne respire plus", "ma maison brûle", "je veux plus vivre",
    ),
    "es": (
        "quiero morir", "no quiero vivir más", "me quiero matar", "mi marido me pega", "mi novio me amenaza",
        "tengo miedo de mi marido", "no respira ayuda", "mi casa se quema", "voy a matarme", "mi esposo me golpea",
        "mi padre me pega", "quiero suicidarme", "hay fuego en mi casa",
    ),
    "pl": (
        "nie chcę już żyć", "chce umrzec", "zabiję się", "mąż mnie bije", "boję się męża", "on mi grozi",
        "pali się dom", "on nie oddycha", "wezwijcie karetkę", "mój mąż mnie bije", "chcę się zabić",
        "myślę o samobójstwie", "mąż mnie pobił i boję się go", "nie chce mi się żyć", "nie chce zyc",
        "maz mnie bije",
    ),
}  # fmt: skip
HARMLESS = (
    "Wir wollen Gewalt gegen Frauen in unserer Stadt senken – gibt es Beispiele?",
    "Suizidprävention als Thema eines Bündnisses", "das bringt mich um vor Lachen", "unser Projekt ist gestorben",
    "Notfallplan", "Brennpunktschule", "es brennt mir unter den Nägeln", "Schlagzeilen",
    "Wie schlägt man ein neues Bündnis vor?", "Hilfe", "Hilfe!", "Mein Chef schlägt mich als Sprecherin vor.",
    "Der Bürgermeister schlägt mich für den Beirat vor", "Er schlägt mich vor.",
    "Ich bringe mich gern in das Bündnis ein", "Ich bringe mich heute um 18 Uhr ein",
    "ich möchte mich einbringen um etwas zu ändern", "Gibt es Beispiele gegen häusliche Gewalt?",
    "Was tun gegen Gewalt an Schulen?", "Wir beraten Frauen, die geschlagen werden.",
    "Unser Verein arbeitet mit suizidgefährdeten Jugendlichen", "Wie viele Menschen sterben an Einsamkeit?",
    "Ich möchte, dass weniger Menschen sterben", "Wo brennt es in unserer Kommune am meisten?",
    "Bei uns brennt es an allen Ecken", "Ich brenne für dieses Thema", "Ich sterbe vor Neugier",
    "Ich könnte sterben vor Langeweile", "Ich lach mich tot",
    "Wie erstellen wir einen Notfallplan mit der Feuerwehr?", "Wir brauchen die Polizei als Partner",
    "Was ist ein Notfall?", "Wie sieht ein Frauenhaus-Netzwerk aus?",
    "Jede Frau soll einen Platz im Frauenhaus bekommen", "Ich kann nicht mehr auf die Seite zugreifen",
    "Ich bin am Ende der Einführung angekommen", "Das Projekt hat keinen Sinn mehr",
    "Das hat mich vom Hocker gehauen", "Wir wollen nicht mehr jeder für sich arbeiten",
    "Ich will nach Wirkung streben", "Wie können wir Mobbing an Schulen verringern?", "Die Frage verfolgt mich",
    "Uns droht die Insolvenz", "Ich will mit meinem Verein besser leben von Spenden", "Der Bot reagiert nicht mehr",
    "Wir haben einen Krisenplan", "Kinder, die zu Hause Gewalt erleben, brauchen ein Netz",
    "Wie reagiert man auf Suizidgedanken bei Jugendlichen?",
    "Wer sich umbringen will, braucht Hilfe: Wie arbeiten Krisendienste zusammen?",
    "Ich habe Angst vor der Abstimmung", "Ich habe einen Vortrag über Opfer rechter Gewalt gehalten",
    "Brandschutz im Vereinsheim", "Wir sind Feuer und Flamme", "Angriff ist die beste Verteidigung",
    "Ich möchte einen Verein gegen Gewalt gründen", "mein Mann schläft", "Todesfälle im Straßenverkehr senken",
    "Mein Mann schlägt vor, dass wir eine Stiftung gründen", "Meine Kollegin hat mich vorgeschlagen",
    "How can we reduce violence against women in our city?", "Suicide prevention as a shared goal",
    "this is killing it", "I'm dying to know more", "our project died", "The deadline is killing me",
    "What is an emergency plan?", "Do you have examples of fire brigades as partners?", "They beat me to it",
    "I want to live in a better city", "Kadına yönelik şiddeti nasıl azaltabiliriz?", "gülmekten ölüyorum",
    "İntiharı önleme projesi", "Acil durum planı nedir?", "Як зменшити насильство проти жінок?",
    "Проєкт із запобігання самогубствам", "помираю зі сміху", "хочу жити краще",
    "Как снизить насилие в семье в нашем городе?", "Профилактика самоубийств", "умираю от смеха",
    "я хочу жить в Берлине", "كيف نقلل العنف ضد المرأة في مدينتنا؟", "الوقاية من الانتحار", "أموت من الضحك",
    "أريد أن أعيش في برلين", "Comment réduire la violence contre les femmes ?", "c'est à mourir de rire",
    "¿Cómo reducir la violencia de género?", "me muero de risa", "Jak zmniejszyć przemoc wobec kobiet?",
    "umieram ze śmiechu", "Ich arbeite in einem Frauenhaus und suche Partner",
    "Ich leite eine Beratungsstelle für Opfer von Gewalt", "Ich möchte ein Projekt zur Suizidprävention starten",
    "Welche Rolle spielt die Feuerwehr im Katastrophenschutz?", "Gewaltprävention an Schulen",
    "Wie viele Frauen werden in Deutschland von ihrem Partner geschlagen?",
    "Unsere Gemeinde möchte häusliche Gewalt bekämpfen",
    "Können Sie mir ein Beispiel nennen, wie man Gewalt in Familien senkt?",
    "Ich habe einen Notfall-Fonds gegründet", "Wir haben Streit im Verein, der Vorstand bedroht unser Projekt",
    "Wir werden von der Stadt nicht unterstützt", "Das Bündnis liegt im Sterben", "Die Idee ist tot",
    "Ich bin tot müde", "Das Ehrenamt stirbt aus", "Ich kann das nicht mehr hören", "Ich will nicht mehr warten",
    "Ich weiß nicht mehr weiter mit unserem Antrag", "Wie kann ich meine Nachbarn motivieren?",
    "Ich möchte nicht mehr allein an dem Thema arbeiten", "Wir suchen einen Weg aus der Krise",
    "Wir haben keine Kraft mehr für noch ein Projekt", "Mein Mann und ich möchten eine Stiftung gründen",
    "Mein Chef meint, das Projekt sei tot", "Wir kämpfen ums Überleben als Verein", "Die Zusammenarbeit ist am Ende",
    "Ich hasse Excel", "Meine Kollegin hat sich in Arbeit gestürzt",
    "Der Krankenwagen kommt zu spät aufs Land: wie lösen wir das gemeinsam?",
    "Rettungsdienst auf dem Land verbessern", "Notruf", "Wie verhindern wir Herzinfarkte in der Region?",
    "Waldbrände verhindern", "In unserem Stadtteil brennen oft Autos", "Was tun, wenn ein Partner aussteigt?",
    "Ich würde gern sterbende Dörfer beleben", "Sterbebegleitung im Hospiz", "Ich will mich im Hospiz engagieren",
    "Ich habe Angst, dass das Projekt scheitert", "Wir wurden vom Jugendamt angegriffen",
    "Ich habe das Konzept zerrissen", "Ich schneide mir eine Scheibe davon ab",
    "Mir fehlt die Kraft, das allein zu machen", "Schlag mir etwas vor", "Schlagen Sie mir bitte einen Termin vor",
    "Was schlagen Sie mir vor?", "Meine Frau schlägt vor, Sie anzurufen",
    "Ich bringe mich in die Arbeitsgruppe ein, um Kinder zu stärken", "Ich bringe mich ein",
    "Wir brauchen Hilfe bei der Finanzierung", "Ich brauche dringend Hilfe", "Hilfe, ich finde den Knopf nicht",
    "Das ist ein Notfall für unsere Demokratie", "Wann ist es ein Notfall?", "Jugendliche in Gefahr schützen",
    "Der Verein ist in Gefahr", "Ich möchte Menschen helfen, die nicht mehr leben wollen",
    "Was sagt man Menschen, die sterben wollen?", "Sie sind Opfer der Umstände",
    "Ich bin Beraterin in einer Fachstelle gegen Gewalt", "Ich wurde angefragt",
    "Ich werde das Ziel weiter verfolgen", "Ich habe die Diskussion verfolgt",
    "Alle schlagen mich vor, aber ich will nicht", "Kinderschutz und Missbrauch: welche Bündnisse gibt es?",
    "Sie schlägt mich als Patin vor", "Ich wurde von der Stadt als Moderatorin vorgeschlagen",
    "Wir möchten die Suizidrate senken", "Unsere Stadt hat viele Suizide", "Mord und Totschlag im Verein",
    "Die Kosten bringen uns um", "Das ist zum Totlachen", "mein Herz brennt für das Ehrenamt",
    "Brennt bei euch auch so viel?", "Mir raucht der Kopf", "Ich habe keine Lust mehr auf Sitzungen",
    "Ich möchte gern wissen, wie lange Menschen auf der Warteliste leben", "Ich will nicht mehr in der Stadt leben",
    "How do alliances fight domestic violence?", "Our city wants fewer suicides", "I work with victims of abuse",
    "My boss hit the target", "This hits me hard", "Can you help me?", "help", "The fire department is a partner",
    "I lost my mind over this form", "My father is an alcoholic, how do groups help?", "What kills collaboration?",
    "I was hit by the idea", "Bu projeyi öldürmek istemiyorum", "Şiddetle mücadele projesi", "Yardım eder misiniz?",
    "Bana yardım edin lütfen", "Допоможіть знайти приклади", "Ми боремося з насильством", "Я боюсь помилитися",
    "Помогите найти партнера", "Мы работаем с жертвами насилия", "Не могу найти кнопку",
    "я не могу открыть страницу", "Больше информации", "ساعدوني في إيجاد شريك", "مشروع لحماية النساء من العنف",
    "أريد معلومات أكثر", "Je veux vivre dans une ville meilleure", "Comment prévenir le suicide des jeunes ?",
    "Je me bats pour mon association", "Necesito ayuda con el formulario", "Prevención del suicidio",
    "Pomoc dla ofiar przemocy", "Potrzebuję pomocy z formularzem", "Boję się o nasz projekt",
    "Mein Mann schlägt vor, mich zu vertreten", "Ich werde gefragt, ob Frauen geschlagen werden",
    "Ich würde gern wissen ob Kinder geschlagen werden", "Wurde das Ziel verfolgt?",
    "Was ist ein medizinischer Notfall?", "Der Vorstand ist nicht mehr ansprechbar",
    "In der Politik bewegt sich nicht viel", "Unsere Schule brennt für das Thema",
    "Welche Städte senken Gewalt gegen Frauen, und wie?", "Ich bin Opfer meiner eigenen Ansprüche",
    "Ich will, dass niemand sterben muss", "Er sagt, das Bündnis sei am Ende", "Sie hat ein gutes Konzept",
    "Sie haben mich überzeugt", "Ich will keinen Stress mehr",
    "In meiner Familie gibt es Streit ums Erbe, können Sie zum Thema Stiftung beraten?",
    "Ich habe Angst vor meinem Vortrag", "Es brennt im Verein, wir brauchen Moderation",
    "Wir müssen das Feuer löschen, bevor es zu spät ist", "Mein Verein heißt Lebenshilfe e. V.",
    "Lebensmüde Menschen begleiten", "Wie helfe ich jemandem, der Gewalt erlebt?",
    "Wie spreche ich mit jemandem über Suizid?", "Ich schreibe eine Arbeit über Selbstmord in Deutschland",
    "Ich denke an ein Projekt gegen Suizid", "Vereinsmitglieder greifen mich an",
    "Der Nachbarverein hat uns angegriffen", "Ich wurde überfahren von so vielen Informationen",
    "Wir sind am Ende unserer Kräfte", "Unsere Tochter möchte ein FSJ machen",
    "Wir haben hier einen Unfallschwerpunkt an der Kreuzung", "Schulwegunfälle verringern",
    "Wie viele Unfälle gab es?", "Gibt es einen Plan bei Feuer?", "Er hat eine Waffel", "Tote Winkel, tote Fische",
    "Ich lebe vom Ehrenamt", "I was told about gun violence prevention", "We want to end violence",
    "What if a partner attacks our idea?", "my partner left the alliance", "I need an emergency fund",
    "Is there a fire safety network?", "Kocam derneğin başkanı", "Çocuklara şiddet nasıl önlenir", "Ölüm oranları",
    "Мій чоловік працює у фонді", "Як допомогти жертвам насильства", "Муж работает в фонде",
    "Как помочь женщинам, которых бьют мужья?", "Пожарная безопасность", "зажигаем новые проекты",
    "زوجي يعمل في جمعية", "ضرب الأطفال في المدارس كيف نمنعه", "Mon mari travaille dans une association",
    "Les femmes battues ont besoin d'aide", "Mi marido trabaja en una fundación",
    "Mujeres maltratadas: ¿qué redes hay?", "Mój mąż pracuje w fundacji", "Jak pomóc bitym kobietom?",
)  # fmt: skip


@pytest.mark.parametrize(("lang", "text"), [(lang, text) for lang, texts in DISTRESS.items() for text in texts])
def test_distress_is_recognised(lang: str, text: str) -> None:
    """Who writes of suicide, of violence that they suffer or of an emergency is recognised, and in which language."""
    assert DETECTOR.find_language(text) == lang


@pytest.mark.parametrize("text", HARMLESS)
def test_subjects_and_idioms_are_harmless(text: str) -> None:
    """Violence or suicide as a subject, an idiom, and a word that only looks similar are not taken for distress."""
    assert DETECTOR.find_language(text) == ""


def test_labelled_questions_are_harmless() -> None:
    """None of the labelled questions to the bot is taken for distress."""
    questions = {item.question for item in read_labelled_questions(LABELLED_QUESTIONS)}

    assert not [question for question in questions if DETECTOR.find_language(question)]


@pytest.mark.parametrize(
    "text",
    [
        "ICH WILL STERBEN!!!", "ich  will\tsterben", "Ich will „sterben“.", "ich will steren", "ich will stebren",
        "ich will sterbenn", "ich will\u200b sterben", "Guten Tag. Ich will sterben, bitte.", "ich, ich will sterben",
    ],
)  # fmt: skip
def test_spelling_does_not_matter(text: str) -> None:
    """Capitals, signs, blanks, doubled letters and one wrong letter of a long word change nothing."""
    assert DETECTOR.find_language(text) == "de"


@pytest.mark.parametrize(
    ("wording", "text", "fits"),
    [
        ("rotes haus", "Das rote Haus", False),
        ("rot* haus", "Das rote Haus", True),
        ("rot*/blau* haus", "ein blaues Haus", True),
        ("@farbe haus", "ein blau Haus", True),
        ("haus ... brennt", "haus eins zwei drei vier brennt", True),
        ("haus ... brennt", "haus eins zwei drei vier fünf brennt", False),
        ("haus ... brennt", "das Haus, das dort brennt", True),
        ("haus ... brennt", "das Haus dort, wo es brennt", False),
        ("haus ... brennt", "Das ist ein Haus. Hier brennt nichts.", False),
        (". haus .", "Ein Satz. Haus 🏠", True),
        (". haus .", "Mein Haus", False),
        ("mein haus", "mein sehr altes haus", False),
        ("mein haus", "mein sehr haus", True),
        ("mein haus", "mein Hausboot", False),
        ("mein haus", "mein Haus am See", False),
        ("größe", "GROESSE", True),
        ("strümpfe", "Stümfe", False),
        ("strümpfe", "Strumfpe", True),
        ("haus", "hasu", False),
        (". mein haus .", "Hier ist es\nMein Haus\nKommt bald", True),
        ("séhr .", "Mein Haus.", False),
        ("sehr* haus", "sehr haus", False),
        ("sehr* haus", "sehrend haus", True),
    ],
)
def test_wordings_mean_what_the_file_says(wording: str, text: str, fits: bool) -> None:
    """A wording fits the messages that crisis.yaml says it fits."""
    signs = CrisisSigns(frozenset(["sehr"]), {"farbe": ("rot", "blau")}, ("mein haus am see",), (wording,))

    assert CrisisDetector({"de": signs}).find_language(text) == ("de" if fits else "")


def test_example_question_that_a_wording_fits_is_reported(built_in: Knowledge) -> None:
    """A wording that fits an example question of the knowledge base is reported with that question."""
    entry = next(entry for entry in built_in.entries if entry.lang == "de")
    broken = replace(entry, questions=(*entry.questions, "Was, wenn ich nicht mehr leben will?"))

    (found,) = find_false_alarms(replace(built_in, entries=(broken,), intents=()))

    assert found.path == BUILT_IN / CRISIS_FILE
    assert "nicht mehr leben" in found.message
