"""Charts drawn on the server as SVG: where each bar and each tile stands, in units of the drawing.

Only numbers and words: templates draw them, and the style sheet gives the colours, those of the
dark theme included.
"""

from laureates.charts.bar_chart import BarChart, bars
from laureates.charts.tiles import LAYOUTS, TileMap, tile_map

__all__ = ["LAYOUTS", "BarChart", "TileMap", "bars", "tile_map"]
