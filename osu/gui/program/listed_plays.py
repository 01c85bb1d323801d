"""What is done with the plays of the list: shown, saved, drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from osu.gui import messages as msg
from osu.gui.settings import MOST_PLAYS_LISTED
from osu.gui.widgets.results import ListedPlay
from osu.origin import is_generated, model_named
from osu.players.naming import listed_file_names, play_file_name
from osu.render.scene import Stage
from osu.render.video import NO_AV, can_write_video

MOST_OVER_ONE_FIELD = 50


class ListedPlays:
    """Handlers of the buttons below the list of plays; `app` is the program."""

    def __init__(self, app: Any):
        self._app = app
        self._to_come: list[tuple[str, str]] = []  # files of plays that are being listed again
        self._back = self._gone = 0  # how many were listed again, and were not

    def reopen(self, files: Sequence[tuple[str, str]]) -> None:
        """List the plays again that were listed when the window was closed, those in files."""
        self._to_come = list(files)
        if files:
            self._app.worker.post(msg.ReopenPlays(tuple(files)))

    def on_reopened(self, event: msg.PlayReopened) -> None:
        """One of them, unless a file of it is gone."""
        self._to_come.pop(0)
        if event.stage is None:
            self._gone += 1
        else:
            play = play_of_file(event.path, event.map_path, event.stage)
            self._app.window.results.add_known(play, self._back)
            self._back += 1

    def tell_gone(self) -> None:
        """How many were not listed again, once nothing else at the start is being told."""
        if self._gone and not self._to_come and self._app.worker.state == "idle":
            plays = "A play" if self._gone == 1 else f"{self._gone} plays"
            are = "is" if self._gone == 1 else "are"
            why = "replay or map is gone or changed"
            self._app.window.say(f"{plays} of last time {are} not listed: {why}.")
            self._gone = 0

    def remembered(self) -> tuple[tuple[str, str], ...]:
        """Files of the plays that are to be listed again, each with its map's."""
        listed = self._app.window.results.listed()
        files = [(play.path, play.map_path) for play in listed if play.path]
        return tuple((self._to_come + files)[-MOST_PLAYS_LISTED:])

    def show_selected(self) -> None:
        """The selected plays in the preview: the last one and others of its map, the first of them
        beside it, or all over one field."""
        chosen = self._app.window.results.selected()
        last = chosen[-1] if chosen else None
        self._app.window.live.show_play(f"{last.label}: {last.map_name}" if last else "")
        if last is None:
            return
        beatmap, over = last.stage.beatmap, self._app.window.over_one_field
        others = [r for r in chosen[:-1] if r.stage.beatmap.md5 == beatmap.md5]
        if over:
            alike = [r for r in others if r.stage.beatmap.conditions == beatmap.conditions]
            others = alike[-(MOST_OVER_ONE_FIELD - 1) :]
            if len(others) < len(chosen) - 1:
                self._app.window.say(
                    f"{len(others) + 1} of {len(chosen)} plays are shown: one map, the same mods, "
                    f"at most {MOST_OVER_ONE_FIELD}."
                )
        elif others and others[0].stage.beatmap.conditions != beatmap.conditions:
            self._app.window.say(f"Other mods: {others[0].with_mods}, {last.with_mods}.")
        shown = (*(others if over else others[:1]), last)
        stages, players = [r.stage for r in shown], [r.label for r in shown]
        self._app.window.preview.show(stages, players, last.map_path, over)

    def lay_over(self) -> None:
        """Overlay was switched."""
        self.show_selected()
        if self._app.window.over_one_field and len(self._app.window.results.selected()) < 2:
            self._app.window.say("Select several plays of one map to see them over one field.")

    def ask_save(self) -> None:
        """The selected plays: one to a file, several to a folder."""
        plays = self._app.window.results.selected()
        if len(plays) > 1:
            self._ask_folder(plays)
            return
        (play,) = plays
        name = play_file_name(play.label, play.stage.beatmap)
        path = self._app.ask_save_path("Save the play", name, ".osr")
        if path:
            self._app.worker.post(msg.SaveReplay(play.stage.replay, path))

    def ask_save_all(self) -> None:
        """Every play of the list, to a folder."""
        self._ask_folder(self._app.window.results.listed())

    def _ask_folder(self, plays: Sequence[ListedPlay]) -> None:
        """Plays to a folder; nothing there is written over unless a person says so."""
        many = "a play" if len(plays) == 1 else f"{len(plays)} plays"
        folder = self._app.ask_save_folder(f"Folder for {many}")
        if not folder:
            return
        names = listed_file_names([(play.label, play.stage.beatmap) for play in plays])
        saved = {Path(folder) / n: p.stage.replay for n, p in zip(names, plays, strict=True)}
        there = [path for path in saved if path.exists()]
        replace = self._app.ask_replace(len(there), len(saved), folder) if there else True
        if replace is None:
            return
        for path in there if not replace else ():
            del saved[path]
        if saved:
            paths = tuple(map(str, saved))
            self._app.worker.post(msg.SavePlays(tuple(saved.values()), paths))

    def remove(self) -> None:
        """The selected plays from the list, for as long as nobody wants them back."""
        removed = self._app.window.results.selected()
        self._app.window.results.remove_selected()
        if removed:  # of what was shown the map stays
            last = removed[-1]
            self._app.window.preview.show((Stage(last.stage.beatmap),), ("",), last.map_path)

    def undo_remove(self) -> None:
        """The plays that were removed last are listed again, where they were, and selected."""
        self._app.window.results.undo_remove()

    def _ask_drawn(self, title: str, suffix: str) -> str:
        """A file for a picture of the selected plays, by default called as the last one is."""
        play = self._app.window.results.selected()[-1]
        name = play_file_name(play.label, play.stage.beatmap, suffix)
        return self._app.ask_save_path(title, name, suffix)

    def ask_gif(self) -> None:
        path = self._ask_drawn("Save what the preview shows, from now on", ".gif")
        if path:
            self.save_gif(path)

    def save_gif(self, path: str) -> None:
        """The preview's plays from its time on, for the seconds that are chosen."""
        seconds = self._app.window.gif_seconds.get()
        preview = self._app.window.preview
        start_ms = preview.clock.now_ms
        end_ms = start_ms + seconds * 1000 * preview.clock.rate
        shown = (preview.stages, preview.labels, path, start_ms, end_ms, preview.over_one_field)
        self._app.worker.post(msg.SaveGif(*shown))

    def ask_mp4(self) -> None:
        if not can_write_video():
            self._app.window.fail(NO_AV)
            return
        path = self._ask_drawn("Save what the preview shows, whole", ".mp4")
        if path:
            self.save_mp4(path)

    def save_mp4(self, path: str) -> None:
        """The preview's plays from their start to their end."""
        preview = self._app.window.preview
        clock = preview.clock
        times = clock.start_ms, clock.end_ms, preview.over_one_field
        shown = preview.stages, preview.labels, path
        self._app.worker.post(msg.SaveVideo(*shown, *times, preview.map_path))

    def draw_charts(self) -> None:
        """Of the selected plays of one map; beside one alone a person's of the same map, if any is
        listed."""
        results = self._app.window.results
        selected = results.selected()
        last = selected[-1]
        on_map = last.stage.beatmap.md5
        charted = [play for play in selected if play.stage.beatmap.md5 == on_map]
        if len(charted) == 1:
            people = (p for p in results.rows.values() if not _is_ours(p) and p is not last)
            charted += [p for p in people if p.stage.beatmap.md5 == on_map][:1]
        stages, labels = zip(*((p.stage, p.label) for p in charted), strict=True)
        self._app.worker.post(msg.DrawCharts(stages, labels))

    def ask_save_charts(self, picture: bytes, window: Any) -> None:
        """Above the window that shows them, behind which the dialog would be lost."""
        path = self._app.ask_save_path("Save the charts", "charts.png", ".png", window)
        if path:
            self._app.worker.post(msg.SavePicture(picture, path))

    def jump_to_miss(self, direction: int) -> None:
        """The next miss in the preview, the one before for -1, the worst for 0."""
        if said := self._app.window.preview.jump_to_miss(direction):
            self._app.window.say(said)


def play_of_file(path: str, map_path: str, stage: Stage) -> ListedPlay:
    """A generated play is listed as when it was made: its file has the model and the seed."""
    player, seed = stage.replay.player or Path(path).stem, None
    if is_generated(player):
        player, seed = model_named(player), stage.replay.seed
    return ListedPlay(player, map_path, stage, seed, path)


def _is_ours(play: ListedPlay) -> bool:
    return is_generated(play.stage.replay.player)
