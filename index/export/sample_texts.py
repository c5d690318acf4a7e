"""Texts of many kinds and languages, on which an export is compared with the model that it came from."""

SAMPLE_TEXTS = (
    "",
    "?",
    "Wie finde ich eine Beratung in meiner Nähe?",
    "Was kostet die Teilnahme, und wer übernimmt die Kosten?",
    "Unser Verein möchte mitmachen. Welche Unterlagen brauchen wir dafür, und bis wann müssen sie da sein?",
    "How do I get in touch with an adviser?",
    "The meeting was moved to Thursday, 3 p.m.",
    "Nasıl danışmanlık alabilirim?",
    "Toplantı perşembe günü saat üçte.",
    "Как мне связаться с консультантом?",
    "Встреча перенесена на четверг.",
    "Як мені отримати консультацію?",
    "كيف يمكنني الحصول على استشارة؟",
    "¿Dónde puedo pedir ayuda?",
    "Où puis-je trouver de l'aide ?",
    "Gdzie mogę uzyskać poradę?",
    "چطور می‌توانم مشاوره بگیرم؟",
    "我在哪里可以得到帮助?",
    "info@example.org, +49 30 1234567, 50 %",
    "Ein langer Text, der öfter dasselbe sagt. " * 80,
)
