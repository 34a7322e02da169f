"""A sheet of A4 as reports are set on it: how wide a picture is there, and how small its letters may be."""

PAPER_WIDTH = 510
"""Points between the margins. A picture that is so many units wide is printed as it is, one unit a point."""
PAPER_HEIGHT = 570
"""Points that a picture may be high, so that its head, its legend and its caption stand on the same page."""
SMALLEST = 8.2
"""Points of the smallest letters in pictures. Nothing in a report is under eight, which most people read unaided."""
