"""What the chapter on tokenization says of two vocabularies, counted again another way."""

from itertools import combinations, pairwise

from anatomy import tokenization as t
from anatomy.studies import tokenization as study


def test_every_state_of_training_is_the_corpus():
    training = study.training()
    assert len(training.states) == len(training.steps) == 14
    for pieces in training.states:
        assert b"".join(token for piece in pieces for token in piece).decode() == study.CORPUS
    assert training.n_tokens[0] == len(study.CORPUS)
    assert training.n_tokens == sorted(training.n_tokens, reverse=True)
    assert training.made[:13] == list(t.train(study.CORPUS, 13))[256:]


def test_ladders_end_at_tiktokens_ids():
    for word, states in study.ladders().items():
        assert [i for _, i in states[-1]] == t.o200k_base().encode(word)
        assert all(b"".join(token for token, _ in state) == word.encode() for state in states)


def test_merges_may_end_in_more_tokens_than_they_must():
    """The fewest by trying every division of a short piece."""
    ranks = t.o200k_ranks()
    longer, n_pieces = study.longer_than_needed()
    assert n_pieces == len(set(t.split(t.novel())))
    assert " Bingley" in longer
    for piece, (merged, few) in longer.items():
        text = piece.encode()
        assert merged == tuple(map(t.o200k_base().decode_single_token_bytes, t.o200k_base().encode(piece)))
        assert b"".join(few) == text
        for n_cuts in range(len(merged) - 1):
            divisions = (
                [text[a:b] for a, b in pairwise((0, *cuts, len(text)))]
                for cuts in combinations(range(1, len(text)), n_cuts)
            )
            found = any(all(token in ranks for token in division) for division in divisions)
            assert found == (n_cuts + 1 >= len(few))


def test_characters_of_a_token_are_counted_alike_by_reader_and_program():
    """In the languages that the chapter names for them, so that it need not say which characters it means."""
    for each in study.languages(("English", "Russian", "Chinese", "Amharic")).values():
        assert each.size.characters == each.size.code_points


def test_digits_are_cut_as_the_chapter_says():
    assert study.cut("1234567") == ["123 | 456 | 7", "1 | 2 | 3 | 4 | 5 | 6 | 7"]
    assert study.short_numbers() == (1110, 1110)


def test_of_the_missing_bytes_thirteen_never_occur():
    """RFC 3629: C0, C1 and F5 to FF appear in no UTF-8 text."""
    missing = study.missing_bytes()
    assert missing.never == [0xC0, 0xC1, *range(0xF5, 0x100)]
    assert len(missing.control) == 6
    assert missing.leads == [0xF1, 0xF2]
    assert len(missing.never) + len(missing.control) + len(missing.leads) == 21


def test_ids_in_use():
    both = study.vocabularies()
    assert both["o200k_base"].entries == 200_000
    assert max(t.O200K_SPECIAL_TOKENS.values()) == 200_018
    assert both["SmolLM2"].entries == study.smollm2_tokenizer().n_vocab == 49_152
    assert list(study.smollm2_ranks().values()) == list(range(17, 49_152))


def test_rows_of_vocabularies_are_counted_by_the_shapes_of_the_model():
    costs = study.vocabulary_costs()
    assert costs["SmolLM2-135M"].parameters == 49_152 * 576
    assert costs["Llama-2-7B"].parameters == 2 * 32_000 * 4096
    assert costs["SmolLM2-135M with o200k_base"].n_vocab == 200_019
    assert costs["SmolLM2-135M with o200k_base"].flops == 2 * 200_019 * 576
