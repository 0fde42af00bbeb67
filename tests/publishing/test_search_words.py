"""Everyday words lead to chapters: the lists, and what the glossary adds to them."""

from docutils import nodes
from sphinx import addnodes

from anatomy.publishing.search_words import terms_of
from anatomy.topics import TOPICS


def test_every_chapter_has_words_and_no_word_leads_to_three():
    words = [word for topic in TOPICS for word in topic.words]
    assert all(len(topic.words) >= 4 for topic in TOPICS)
    assert max(words.count(word) for word in words) <= 2
    assert not [word for word in words if word != word.strip() or not word]


def test_terms_lead_to_the_chapter_that_their_entry_names():
    glossary = nodes.definition_list()
    for terms, targets in ((["nat", "nats"], ["/other", "/training-phases"]), (["hub"], ["/embeddings"])):
        item = nodes.definition_list_item()
        item += [nodes.term("", term) for term in terms]
        item += [addnodes.pending_xref(reftarget=target) for target in targets]
        glossary += item
    assert terms_of(glossary) == {"training-phases": ["nat", "nats"], "embeddings": ["hub"]}
