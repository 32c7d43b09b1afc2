"""Every architecture of which a tiny model can be made."""

from tests.models.shapes.families import FAMILIES
from tests.models.shapes.others import OTHERS

SHAPES = {**FAMILIES, **OTHERS}
"""Name → shape; a name is the architecture's, with the form behind a dash where there are several."""
