"""Prompts made by hand in other languages, in the shape of the recorded ones and in others."""

CHOICES = (
    "Welche der folgenden Organellen erzeugt in tierischen Zellen das meiste ATP?\n"
    "A. Der Zellkern\nB. Das Mitochondrium\nC. Der Golgi-Apparat\nD. Das Ribosom\nAntwort:",
    "¿Cuál de los siguientes orgánulos produce la mayor parte del ATP en las células?\n"
    "A. El núcleo\nB. La mitocondria\nC. El aparato de Golgi\nD. El ribosoma\nRespuesta:",
    "Quel philosophe affirme que la valeur morale d'une action vient du devoir ?\n"
    "A. Mill\nB. Kant\nC. Aristote\nD. Hume\nRéponse :",
    "Quale dei seguenti fiumi attraversa la città di Firenze?\n"
    "A. Il Tevere\nB. L'Arno\nC. Il Po\nD. L'Adige\nRisposta:",
    "Qual das seguintes cidades é a capital da Austrália?\nA. Sydney\nB. Camberra\nC. Melbourne\nD. Perth",
    "Który z podanych pierwiastków jest gazem szlachetnym?\nA. Tlen\nB. Azot\nC. Argon\nD. Wodór",
    "Какая из перечисленных рек самая длинная?\nA. Волга\nB. Лена\nC. Дон\nD. Обь\nОтвет:",
    "下列哪一种细胞器产生大部分的ATP？\nA. 细胞核\nB. 线粒体\nC. 高尔基体\nD. 核糖体\n答案：",
    "次のうち、日本で一番高い山はどれですか。\nA. 富士山\nB. 北岳\nC. 槍ヶ岳\nD. 立山",
    "أي من المدن التالية هي عاصمة كندا؟\nA. تورونتو\nB. أوتاوا\nC. مونتريال\nD. فانكوفر",
)
PROBLEMS = (
    "Maria backt fünf Tage lang jeden Tag 24 Kekse. Die Hälfte verschenkt sie an ihre Nachbarn, den "
    "Rest verkauft sie für 2 Euro das Stück. Wie viel Geld nimmt sie ein?",
    "María hornea 24 galletas cada día durante 5 días. Regala la mitad a sus vecinos y vende el resto a "
    "$2 cada una. ¿Cuánto dinero gana?",
    "Marie prépare 24 biscuits par jour pendant 5 jours. Elle en donne la moitié à ses voisins et vend le "
    "reste 2 $ pièce. Combien d'argent gagne-t-elle ?",
    "Maria sforna 24 biscotti al giorno per 5 giorni. Ne regala la metà ai vicini e vende gli altri a $2 "
    "l'uno. Quanto guadagna?",
    "Maria bakt 5 dagen lang elke dag 24 koekjes. De helft geeft ze aan haar buren en de rest verkoopt ze "
    "voor $2 per stuk. Hoeveel geld verdient ze?",
    "Maria assa 24 biscoitos por dia durante 5 dias. Ela dá metade aos vizinhos e vende o resto por $2 cada. "
    "Quanto dinheiro ela ganha?",
    "Мария печёт по 24 печенья каждый день в течение 5 дней. Половину она отдаёт соседям, остальное продаёт "
    "по 2 доллара. Сколько денег она получит?",
    "小红每天烤24块饼干，一共烤了5天。她把一半送给邻居，剩下的每块卖2元。她一共卖了多少钱？",
    "マリアは5日間、毎日24枚のクッキーを焼きます。半分を近所の人にあげ、残りを1枚2ドルで売ります。いくらになりますか。",
    "تخبز مريم 24 كعكة كل يوم لمدة 5 أيام. تعطي نصفها لجيرانها وتبيع الباقي بدولارين للواحدة. كم تكسب؟",
)
OTHERS = (
    "Traduce esta carta al inglés: Estimado señor, le escribo para confirmar la reunión del jueves a las 10.",
    "Schreibe mir bitte eine kurze Zusammenfassung der letzten Sitzung, höchstens drei Sätze.",
    "Pouvez-vous m'expliquer pourquoi le ciel est bleu et l'herbe est verte ?",
    "Mi consigli un film da vedere stasera con due bambini di 8 e 10 anni?",
    "Kun je me helpen met een sollicitatiebrief voor een baan als verpleegkundige?",
    "Proszę o przepis na zupę pomidorową dla czterech osób.",
    "今天天气怎么样？请用三句话介绍一下北京的历史。",
    "Напиши функцию, которая сортирует список чисел по убыванию.",
    "اكتب رسالة قصيرة إلى صديقي أعتذر فيها عن التأخير.",
    "한국의 수도는 어디이고 인구는 얼마나 됩니까?",
    "Tolong jelaskan perbedaan antara HTTP dan HTTPS dalam dua kalimat.",
    "Türkiye'nin en kalabalık üç şehri hangileridir?",
)
ALL = (*CHOICES, *PROBLEMS, *OTHERS)
