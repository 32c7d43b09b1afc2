# ruff: noqa: SIM905 - lists of words read better as text
"""The material of made-up facts: words, names and values.

The lists are short on purpose. Most names and many things are spelled at random
from syllables, so that nothing about them can be learnt by heart. Words that
only the evaluation uses stand in lists of their own, `UNSEEN_…`.
"""

import random
import re
from collections.abc import Callable

_ONSETS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kn kr l m n p pl pr qu r s sc sch sh sk sl sm sn "
    "sp st str sw t th tr tw v w wh y z"
).split()
_VOWELS = "a e i o u a e i o u a e i o ai au ea ee ei ie oa oo ou ia io y".split()
_CODAS = (
    "b ck d f g k l ll m n nd ng nt p r rd rk rg rt s sk ss st t th v x z ld lm rn rs tz ch ft mp ct er "
    "en el an on ar ing ion ey ty ent al le"
).split()


def spelled(rng: random.Random, syllables: int = 0) -> str:
    """Spell a word of `syllables` syllables, 1 to 3 if 0."""
    word = ""
    count = syllables or rng.choice((1, 2, 2, 2, 3))
    for position in range(count):
        word += rng.choice(_ONSETS) + rng.choice(_VOWELS)
        if position == count - 1 or rng.random() < 0.25:
            word += rng.choice(_CODAS) if rng.random() < 0.7 else ""
    return word if len(word) > 2 else word + rng.choice(("ra", "lo", "mek", "tin"))


FIRST_NAMES = (
    "Anna Ben Carla David Elena Felix Grace Hugo Ines Jonas Liam Maria Noah Olga Peter Rosa Sam Tara "
    "Uma Victor Yara Zoe Alice Bruno Clara Daniel Emma Frank Gina Henry Irene Jack Kate Leo Mia Nina "
    "Oscar Paula Ralph Sara Tom Vera Will Amir Chen Dmitri Fatima Hiro Ivan Kenji Lucia Marta Omar "
    "Priya Sofia Yusuf Bob Kim Max Eva"
).split()
UNSEEN_FIRST_NAMES = (
    "Karin Lars Theo Iris Mona Otto Ruth Nora Astrid Emil Greta Joris Linnea Milan Petra Rafael"
).split()
LAST_NAMES = (
    "Smith Jones Brown Miller Davis Garcia Lopez Wilson Moore Taylor Clark Lewis Young Hall King Wright "
    "Hill Green Adams Baker Nelson Carter Roberts Turner Parker Collins Stewart Morris Rogers Reed Cook "
    "Bell Murphy Bailey Cooper Kelly Ward Gray Watson Brooks Price Bennett Wood Ross Foster Novak Rossi "
    "Fischer Meyer Schulz Tanaka"
).split()
UNSEEN_LAST_NAMES = (
    "Weber Lindqvist Sato Singh Patel Khan Silva Costa Haddad Okafor Larsen Berg Lind Brandt Ekman"
).split()
CITIES = (
    "Paris London Berlin Madrid Rome Vienna Oslo Lisbon Dublin Prague Warsaw Athens Boston Chicago "
    "Denver Seattle Toronto Tokyo Osaka Seoul Delhi Cairo Lima Lyon Porto Zurich Geneva Munich Milan "
    "Turin Naples Bergen Leeds"
).split()
UNSEEN_CITIES = (
    "Hamburg Krakow Utrecht Bristol Galway Ghent Basel Graz Split Riga Uppsala Tallinn Malmo Leipzig"
).split()
THINGS = (
    "house flat garage office boat van car truck bike shed barn garden kitchen cellar attic studio shop "
    "warehouse school clinic library museum hotel hostel farm mill bakery cafe station harbour bridge "
    "tower church theatre lab server router printer heater fridge oven washer pump camera drone laptop "
    "tablet phone monitor scanner generator battery engine trailer piano guitar telescope lamp clock "
    "desk locker gate fence roof well sauna lift freezer passport visa lease contract permit policy "
    "ticket invoice loan mortgage warranty report survey thesis budget choir club team band course "
    "class newsletter website database archive cat dog horse parrot bread soup cake pasta curry salad "
    "stew tent kayak canoe sledge stove chimney window door carpet sofa wardrobe lawnmower chainsaw"
).split()
UNSEEN_THINGS = (
    "cabin boiler thermostat dishwasher motorbike greenhouse allotment festival podcast backpack "
    "typewriter violin aquarium lighthouse vineyard orchard caravan workshop projector tractor "
    "accordion microscope ferry pancake"
).split()
QUALITIES = (
    "old new red blue green white black main spare second small big north south east west upper lower "
    "summer rental family shared guest front back annual weekly monthly spring autumn local private "
    "public mobile electric wooden"
).split()
UNSEEN_QUALITIES = (
    "winter silver rear yellow portable former narrow round outdoor digital backup tall"
).split()
EVENTS = (
    "meeting party wedding concert exam interview conference dinner lunch trip holiday match race "
    "auction review demo training lecture ceremony picnic reunion appointment delivery inspection call "
    "tour rehearsal flight visit"
).split()
UNSEEN_EVENTS = "checkup barbecue hike seminar regatta sleepover retrospective christening".split()
OBJECTS = (
    "key ladder toolbox hammer drill torch umbrella suitcase charger manual receipt folder map blanket "
    "helmet first_aid_kit fuse_box water_valve fire_extinguisher spare_tyre sewing_machine "
    "coffee_grinder jump_leads stamp"
).split()
UNSEEN_OBJECTS = (
    "spare_key axe paddle tape_measure wine_opener snow_shovel gas_bottle life_jacket bicycle_pump"
).split()
COLOURS = (
    "red blue green yellow black white grey brown purple orange silver teal beige turquoise pink gold copper"
).split()
STUFF = (
    "apple lemon pepper mango tomato walnut cheese coffee ginger honey olive rice fish shrimp egg milk "
    "wheat celery mustard sesame garlic onion potato carrot melon cherry plum pear grape spinach basil "
    "mint vanilla cocoa oak pine birch steel wool cotton linen granite leather English Spanish French "
    "Polish Swedish Turkish"
).split()
PLACES = (
    "drawer cupboard shelf box basement hallway closet bookcase cabinet pantry jar desk attic shed "
    "porch corner chest bench stairs flower_pot mat bucket"
).split()
ROOMS = "kitchen garage office cellar hall bathroom bedroom workshop garden balcony boat house".split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
UNITS = (
    "kilometres kilograms metres litres hours minutes days weeks months years people seats grams pages "
    "watts volts degrees points percent boxes rooms bar euros pieces"
).split()


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))


def common_or_spelled(rng: random.Random, words: list[str], share: float = 0.5) -> str:
    """Take a word of the list, or with chance 1 - `share` spell one at random."""
    return rng.choice(words).replace("_", " ") if rng.random() < share else spelled(rng)


def person(rng: random.Random) -> str:
    """Name a person: mostly first and last name."""
    first = rng.choice(FIRST_NAMES) if rng.random() < 0.5 else spelled(rng).capitalize()
    last = rng.choice(LAST_NAMES) if rng.random() < 0.4 else spelled(rng).capitalize()
    return first if rng.random() < 0.2 else f"{first} {last}"


def city(rng: random.Random) -> str:
    """Name a town."""
    return rng.choice(CITIES) if rng.random() < 0.4 else spelled(rng).capitalize()


def code(rng: random.Random) -> str:  # noqa: PLR0911 - one for each shape
    """Make a password, a number on a label or the like."""
    shape = rng.randrange(8)
    if shape == 0:
        return _digits(rng, rng.randint(3, 6))
    if shape == 1:
        return f"{_letters(rng, rng.randint(1, 3))}-{_digits(rng, rng.randint(2, 5))}"
    if shape == 2:
        return _letters(rng, 2) + _digits(rng, rng.randint(2, 4))
    if shape == 3:
        return f"{_letters(rng, 1)}{_digits(rng, 1)}-{_digits(rng, 4)}"
    if shape == 4:
        return spelled(rng) + _digits(rng, rng.randint(2, 4))
    if shape == 5:
        return f"{_letters(rng, 2)} {_digits(rng, 3)} {_digits(rng, 3)}"
    words = [common_or_spelled(rng, COLOURS + STUFF + THINGS).lower() for _ in range(rng.randint(2, 3))]
    return "-".join([*words, _digits(rng, rng.randint(1, 3))] if rng.random() < 0.7 else words)


def date(rng: random.Random) -> str:
    """Name a day."""
    day, month, year = rng.randint(1, 28), rng.choice(MONTHS), rng.randint(1950, 2035)
    shape = rng.randrange(8)
    if shape <= 2:
        return f"{day} {month} {year}"
    if shape <= 4:
        return f"{day} {month}"
    if shape == 5:
        return f"{year}-{rng.randint(1, 12):02d}-{day:02d}"
    return f"{month} {day}" if shape == 6 else rng.choice(DAYS)


def clock(rng: random.Random) -> str:
    """Name a time of day."""
    return f"{rng.randint(0, 23)}:{rng.randrange(0, 60, 5):02d}"


def when(rng: random.Random) -> str:
    """Say when something is: "on 4 May at 10:30"."""
    day = f"on {date(rng)}" if rng.random() < 0.8 else date(rng)
    return f"{day} at {clock(rng)}" if rng.random() < 0.4 else day


def amount(rng: random.Random) -> str:
    """Make a sum of money."""
    number = str(rng.choice((rng.randint(2, 99), rng.randint(100, 9999), rng.randint(10, 99) * 100)))
    if rng.random() < 0.2:
        return f"${number}"
    money = f"{number} {rng.choice(('euros', 'euros', 'dollars', 'pounds', 'kronor', 'EUR', 'francs'))}"
    return money + rng.choice(("", "", "", " a month", " per year", " a day"))


def place(rng: random.Random) -> str:
    """Say where something is: "under the blue box in the cellar"."""
    shape = rng.randrange(5)
    if shape == 0:
        return f"in {city(rng)}"
    spot = common_or_spelled(rng, PLACES, 0.7)
    if rng.random() < 0.5:
        spot = f"{common_or_spelled(rng, QUALITIES + COLOURS, 0.8)} {spot}"
    where = f"{rng.choice(('in', 'on', 'under', 'behind', 'next to', 'above'))} the {spot}"
    return f"{where} in the {common_or_spelled(rng, ROOMS, 0.8)}" if shape == 1 else where


def address(rng: random.Random) -> str:
    """Name a place one can go to."""
    shape = rng.randrange(4)
    if shape == 0:
        return city(rng)
    if shape == 1:
        return f"{rng.choice(('room', 'platform', 'gate', 'hall', 'seat'))} {rng.randint(1, 99)}"
    street = spelled(rng).capitalize() + rng.choice((" Street", " Road", " Lane", "straat", "gatan", "weg"))
    return f"{rng.randint(1, 199)} {street}" if shape == 2 else f"{street} {rng.randint(1, 199)}"


def measure(rng: random.Random) -> str:
    """Make a number with a unit."""
    return f"{rng.choice((rng.randint(2, 99), rng.randint(100, 4000)))} {rng.choice(UNITS)}"


def phone(rng: random.Random) -> str:
    """Make a telephone number."""
    if rng.random() < 0.5:
        return f"0{_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 4)}"
    return f"+{_digits(rng, 2)} {_digits(rng, 3)} {_digits(rng, 4)}"


def email(rng: random.Random) -> str:
    """Make a mail address."""
    name = rng.choice(FIRST_NAMES).lower() if rng.random() < 0.5 else spelled(rng, 2)
    return f"{name}@{spelled(rng, 2)}.{rng.choice(('com', 'org', 'net', 'de', 'se', 'example'))}"


def thing(rng: random.Random) -> str:
    """Name a colour, a material, a make or the like."""
    shape = rng.randrange(4)
    if shape == 0:
        return rng.choice(("dark ", "light ", "pale ", "", "")) + rng.choice(COLOURS)
    if shape == 1:
        return rng.choice(STUFF)
    return (
        spelled(rng).capitalize() if shape == 2 else f"{rng.choice(STUFF)} {common_or_spelled(rng, THINGS)}"
    )


VALUES: dict[str, Callable[[random.Random], str]] = {
    "code": code,
    "person": person,
    "date": date,
    "clock": clock,
    "amount": amount,
    "address": address,
    "measure": measure,
    "phone": phone,
    "email": email,
    "thing": thing,
}


def _listed(text: str) -> dict[str, tuple[str, ...]]:
    """Read lines "kind: name, name, …", which may go on in the next line."""
    lists = re.findall(r"(\w+): ([^:]+)(?=\n *\w+:|\n *$)", text)
    return {kind: tuple(" ".join(names.split()).split(", ")) for kind, names in lists}


ATTRIBUTES: dict[str, tuple[str, ...]] = _listed(
    """
    code: password, door code, alarm code, licence plate, serial number, booking number, customer
      number, account number, locker code, order number, gate code, safe combination, part number, PIN,
      network name, username, model, article number
    person: owner, manager, dentist, accountant, doctor, neighbour, electrician, teacher, contact
      person, lead, coach, tenant, author, treasurer, guide, designer, sponsor, reviewer, project lead,
      sister, boss, builder, seller
    date: deadline, birthday, due date, start date, end date, renewal date, departure, delivery date,
      opening day, launch, inspection date, review date, expiry date, moving day, last service
    clock: closing time, start time, departure time, opening time, bedtime, arrival time
    amount: rent, price, budget, monthly fee, insurance, cost, daily rate, salary, electricity bill,
      loan, fine, tax, repair cost
    address: address, location, meeting point, parking space, home town, venue, platform, seat, room
    measure: size, weight, height, capacity, mileage, temperature, oven temperature, baking time,
      length, page count, voltage, width, speed, age, water level
    phone: phone number, mobile number, office number, fax number
    email: email address, mail address
    thing: colour, make, language, breed, hobby, nickname, favourite drink, material, brand, topic, file
      format, main ingredient, allergy, theme, operating system
    """
)
"""What may be told of something, by the kind of its value."""

UNSEEN_ATTRIBUTES: dict[str, tuple[str, ...]] = _listed(
    """
    code: wifi password, access code, invoice number, membership number, bike lock code
    person: landlord, plumber, caretaker, vet, chairwoman, backup contact
    date: next checkup, anniversary, closing date, kick-off
    clock: check-in time, feeding time
    amount: deposit, discount, heating bill
    address: birthplace, pickup point, storage unit
    measure: flow pressure, flow temperature, depth, cooking time
    phone: emergency number, landline
    email: support address, billing email
    thing: favourite tea, paint shade, fuel, secret ingredient
    """
)
