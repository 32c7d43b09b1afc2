# ruff: noqa: SIM905 - lists of words read better as text
"""Sentences that tell none of the facts, though they may name their words."""

import random

from tests.models.tiny_reader import words
from tests.models.tiny_reader.facts import Material, capitalize, draw_person

_FILLER = (
    "{E} needs some care.",
    "We talked about {E} for a while.",
    "It rained all day.",
    "Nobody has looked at {E} yet.",
    "I want to sort this out soon.",
    "{P} asked about {E} again.",
    "{P} and {Q} came along.",
    "We left early.",
    "There was not much time.",
    "{P} will take care of it.",
    "Please keep this up to date.",
    "{P} likes {E} a lot.",
    "The {w} was {w} and {w}.",
    "It took longer than we thought.",
    "The {A} has changed twice.",
    "Ask {P} first.",
    "We bought {n} {w} in {C}.",
    "I wrote to {P} about the {A}.",
    "Remember the {w} next time.",
    "All of it went well.",
    "{P} promised to send the {A}.",
    "We should think about {E} in {M}.",
    "The old {A} no longer counts.",
)

_SMALL_WORDS = (
    "the a and of to in on for with at from we they he she it was were has have had will can not but so "
    "then when if after before about into over more most some all one two new good long little next "
    "last very still again"
).split()


def _any_word(rng: random.Random, material: Material, *, unseen: bool) -> str:
    chance = rng.random()
    if chance < 0.45:
        return rng.choice(_SMALL_WORDS)
    if chance < 0.55:
        return rng.choice(material.attributes)[1]
    if chance < 0.6:
        return draw_person(rng, unseen=unseen)
    return words.common_or_spelled(rng, words.THINGS + words.STUFF + words.QUALITIES)


def write_filler(rng: random.Random, material: Material, *, unseen: bool) -> str:
    """Make a sentence that tells none of the facts, though it may name their words."""
    if rng.random() < 0.3:
        return (
            capitalize(" ".join(_any_word(rng, material, unseen=unseen) for _ in range(rng.randint(3, 11))))
            + "."
        )
    template = rng.choice(_FILLER)
    text = template.format(
        E=rng.choice(material.entities),
        A=rng.choice(material.attributes)[1],
        P=draw_person(rng, unseen=unseen),
        Q=draw_person(rng, unseen=unseen),
        C=words.city(rng),
        M=rng.choice(words.MONTHS),
        n=rng.randint(2, 40),
        w=words.common_or_spelled(rng, words.THINGS + words.STUFF),
    )
    return capitalize(text)
