"""The window's commands that draw: gifs, videos, charts."""

from collections.abc import Callable
from typing import Any

from osu.files import file_beside, write_atomic
from osu.gui.messages import ChartsDrawn, DrawCharts, Saved, SaveGif, SavePicture, SaveVideo
from osu.gui.saving import saving
from osu.gui.sound.missing import missing_song
from osu.render.export import save_gif

WIDE, NARROW = 800, 480  # pixels across: plays side by side, or one field


def draw(
    command: SaveGif | SaveVideo | DrawCharts | SavePicture,
    report: Callable[[float, str], None],
) -> Any:
    """Does it; -> the event that answers. `report` may raise to give up. Raises what goes wrong."""
    match command:
        case DrawCharts(stages, labels):
            from osu.render.charts import draw_charts  # not above: matplotlib takes a second

            return ChartsDrawn(draw_charts(stages, labels))
        case SavePicture(png, path):
            with saving(path):
                write_atomic(path, png)
        case SaveGif(stages, labels, path, start_ms, end_ms, over):
            with saving(path):
                save_gif(
                    stages,
                    path,
                    start_ms,
                    end_ms,
                    width=NARROW if len(stages) == 1 or over else WIDE,
                    labels=labels,
                    over_one_field=over,
                    progress=lambda part: report(part, "drawing the gif"),
                )
        case SaveVideo(stages, labels, path, start_ms, end_ms, over, map_path):
            from osu.render.video import VIDEO_SIZE, save_mp4

            width, height = VIDEO_SIZE
            named = stages[0].beatmap.audio_filename
            song = file_beside(map_path, named)
            beside = len(stages) > 1 and not over
            with saving(path):
                save_mp4(
                    stages,
                    path,
                    start_ms,
                    end_ms,
                    song,
                    (2 * width if beside else width, height),
                    labels,
                    over,
                    progress=lambda part: report(part, "drawing the video"),
                )
            if song is None:
                return Saved(path, f"Only hits are heard: {missing_song(map_path, named)}.")
    return Saved(command.path)
