"""The limits of a verdict that are chosen; all others are bounds of rounding errors."""

MULTIPLE = 2.0  # of the attainable accuracy, within which a coordinate passes
OWN_ROUNDINGS, LIKE_ROUNDINGS = 2.0**8, 2.0**3  # of a gradient beside differences
CANCELLED = 2.0**9  # unit roundoffs of the largest number: what a cancellation leaves
BEYOND_ROUNDING = 1e-4  # an error, of the largest number, that is none of rounding
FULL_TABLE = 1_000  # coordinates; beyond, differences look along directions first
MOST_SIDES = 20  # failing coordinates of a point that are looked at from both sides
