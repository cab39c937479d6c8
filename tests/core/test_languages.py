"""The texts of the page: the same in every language, and an app's own ones checked."""

from typing import Any

import pytest

from panel_chunked.languages import CATEGORIES, ENGLISH, Texts, check_texts, texts_in, values_of

LANGUAGES = ["en", "de", "es", "fr", "ja", "zh", "ar"]


def texts(language: str) -> Texts:
    found = texts_in(language)
    assert found is not None
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    words_of_the_app = {"server_app_error", "server_refused"}
    ours = set(ENGLISH) - words_of_the_app
    if language == "en":
        ours = {key for key in ours if not key.startswith("server_")}
    assert set(texts(language)) == ours
    assert all(texts(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_values_of_the_english_one(language: str) -> None:
    for key, text in texts(language).items():
        known = values_of(ENGLISH[key])
        if key.startswith("server_"):  # which may leave out what the server says in English
            assert values_of(text) <= known, key
        elif key == "unseen":  # whose forms name the file, or how many there are
            assert values_of(text) & known, key
        else:
            assert values_of(text) == known, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_forms_is_the_same_in_every_language(language: str) -> None:
    def with_forms(language: str) -> list[str]:
        return [key for key, text in texts(language).items() if not isinstance(text, str)]

    assert with_forms(language) == with_forms("en")
    check_texts(texts(language))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nothing_is_left_in_english(language: str) -> None:
    same = {key for key, text in texts(language).items() if text == ENGLISH[key]}
    # Words that they share, and what is only put together.
    shared = {"direction", "separator", "audio", "images", "microphone", "pause_recording"}
    assert same <= shared | {"stored_of"}


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-SG", "zh"),
        ("zh-TW", None),
        ("zh-Hant", None),
        ("tlh", None),
        ("d", None),
        ("", None),
        ("../de", None),
    ],
)
def test_tag_names_a_language(tag: str, language: str | None) -> None:
    assert texts_in(tag) is (None if language is None else texts_in(language))


def test_texts_of_the_app_may_be_a_string_or_have_forms() -> None:
    check_texts({"choose_file": "Add", "remove": "Drop {name}", "more": {"other": "{count} more"}})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"chose_file": "Add"}, "texts has no 'chose_file'. Did you mean 'choose_file' or "),
        ({1: "Add"}, "texts has no 1."),
        ({"remove": "Drop {file}"}, "has no value {file}; it has {name}"),
        ({"fewer": "Fewer than {count}"}, "has no value {count}; it has none"),
        ({"fewer": 3}, "must be a text"),
        ({"choose_file": ""}, "must be a text"),
        ({"direction": "up"}, "is 'ltr' or 'rtl'"),
        ({"more": {"one": "One more"}}, "has forms other than"),
        ({"more": {"other": "{count}", "plural": "{count}"}}, f"{', '.join(CATEGORIES)}"),
        ({"more": {"other": None}}, "must be a text"),
    ],
)
def test_wrong_texts_of_the_app_are_refused(wrong: dict[Any, Any], said: str) -> None:
    with pytest.raises(ValueError, match="texts") as info:
        check_texts(wrong)
    assert said in str(info.value)
