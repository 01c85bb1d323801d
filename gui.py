"""The desktop program: choose a map, generate plays, watch them, save them, play them live.

    uv run gui.py [FILE ...]        .osu, .osz, .olz or .osr files to open, or a Songs folder

The window only reads fields, posts commands to osu.gui.worker and paints what comes back; every
button follows from the worker's one state word (osu.gui.enabled). Its panels live in
osu/gui/widgets/.
"""

import argparse
import dataclasses
import os
import signal
import sys
import tkinter as tk
import traceback
from pathlib import Path
from typing import Any

from osu.gui import messages as msg
from osu.gui.blind import open_in_browser
from osu.gui.enabled import refusals
from osu.gui.settings import Settings, load_settings, save_settings
from osu.gui.songs import Song, song_of
from osu.gui.widgets.files import ask_files, ask_folder, ask_save
from osu.gui.widgets.form import FormError
from osu.gui.widgets.results import ListedPlay
from osu.gui.widgets.theme import set_theme, sharpen
from osu.gui.widgets.window import Window
from osu.gui.worker import Worker
from osu.players.naming import play_file_name, unlike
from osu.render.scene import Stage

TITLE = "osu-players"
POLL_MS = 30
CLOSE_S = 3.0  # for each thread to end
MOST_OVER_ONE_FIELD = 50


class App:
    """The program behind the window. `worker` does the work; `settings` is what it remembers."""

    def __init__(self, root: tk.Tk, worker: Worker, settings: Settings):
        self.root, self.worker, self.settings = root, worker, settings
        self._to_show: Song | None = None  # as soon as the worker is free
        self.interrupted = False
        root.title(TITLE)
        set_theme(root, settings.theme)
        self.window = Window(root, self, settings)
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.report_callback_exception = self.on_mistake
        self.poll()

    # ---- state

    def poll(self) -> None:
        """Take what the worker has said, then look again soon."""
        if self.interrupted:
            self.close()
            return
        for event in self.worker.poll():
            self.on_event(event)
        self.show_chosen()
        self.paint_state()
        self._after = self.root.after(POLL_MS, self.poll)

    def paint_state(self) -> None:
        """Every button from the state word, and from what there is to act on."""
        has_maps, has_plays = bool(self.window.maps.chosen), bool(self.window.results.selected())
        self.window.refuse(refusals(self.worker.state, has_maps, has_plays))
        works = self.worker.works
        self.window.show_works(works, self.worker.left_s)
        self.window.show_progress(next((w.part for w in works if w.part is not None), 0.0))

    def on_event(self, event: Any) -> None:
        """What one of the worker's events changes in the window."""
        match event:
            case msg.ModelsListed(cards):
                self.window.form.show_models(cards)
            case msg.SongsListed(folder, songs):
                self.window.maps.show(songs)
                self.settings = dataclasses.replace(self.settings, songs_folder=folder)
                self.window.say(f"{len(songs)} maps in {folder}.")
            case msg.MapOpened():
                self.on_map(event)
            case msg.MapShown(path, stage):
                if song_of(stage.beatmap, path).key in {s.key for s in self.window.maps.chosen}:
                    self.show_map(path, stage)
            case msg.ReplayOpened(path, map_path, stage, remark):
                self.add_map(song_of(stage.beatmap, map_path))
                player = stage.replay.player or Path(path).stem
                row = self.window.results.add(ListedPlay(player, map_path, stage))
                self.window.results.choose(row)
                self.settings = self.settings.with_recent(path)
                if remark:
                    self.window.say(f"{Path(path).name}: {remark}.")
            case msg.Played(model, seed, map_path, stage):
                self.on_played(ListedPlay(model, map_path, stage, seed))
            case msg.BlindPageMade(path):
                self.window.say(open_in_browser(path))
            case msg.Saved(path):
                self.window.say(f"Saved {path}.")
            case msg.Progress(_, _, text):
                self.window.say(text[:1].upper() + text[1:] + ".")
            case msg.WindowFound(inside):
                self.window.live.on_window(inside)
            case msg.Live(live):
                self.window.live.on_event(live)
            case msg.Failed(sentence):
                self.window.fail(sentence)
            case msg.Finished(cancelled=True):
                self.window.say("Stopped.")

    def on_mistake(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        """A handler has raised: the details for the terminal, a sentence for the window."""
        traceback.print_exception(kind, error, trace)
        self.window.fail(f"Something went wrong inside: {kind.__name__}: {error}")

    def interrupt(self, *_: Any) -> None:
        """Ctrl-C in the terminal. It comes at any moment, within Tk's own steps too, so it is only
        noted here; `poll` ends the program."""
        self.interrupted = True

    def on_map(self, event: msg.MapOpened) -> None:
        """A file was opened by hand: its map is listed, chosen and shown."""
        self.add_map(song_of(event.stage.beatmap, event.path), event.difficulties)
        self.show_map(event.path, event.stage)
        self.settings = self.settings.with_recent(event.path)

    def on_played(self, result: ListedPlay) -> None:
        """A play is finished: it joins the list, and is shown where no other one is watched."""
        results, preview = self.window.results, self.window.preview
        row = results.add(result)
        on_map = result.stage.beatmap.md5
        if not results.selected() and all(s.beatmap.md5 == on_map for s in preview.stages):
            results.choose(row)
        self.window.say(result.sentence())

    def add_map(self, song: Song, of_its_file: tuple[Song, ...] = ()) -> None:
        """List a map and choose it."""
        self.window.maps.add(of_its_file or (song,))
        self.window.maps.choose(song)
        self.window.show_maps_name((song,))
        self._to_show = None

    def show_map(self, path: str, stage: Stage) -> None:
        """A map without a play in the preview, and what it is like."""
        beatmap = stage.beatmap
        self.window.results.choose()
        self.window.preview.show((stage,), ("",), path)
        self.window.say(
            f"{len(beatmap.start_ms)} objects, CS {beatmap.cs:.3g}, AR {beatmap.ar:.3g}, "
            f"OD {beatmap.od:.3g}, HP {beatmap.hp:.3g}."
            + (f" {beatmap.left_out}." if beatmap.left_out else "")
        )

    def choose(self, songs: tuple[Song, ...]) -> None:
        """Maps were chosen in the list: Generate and Batch play them; the last one is shown."""
        self.window.show_maps_name(songs)
        self._to_show = songs[-1] if songs else None

    def show_chosen(self) -> None:
        """The map that is to be shown, once nothing waits before it."""
        if self._to_show and not self.worker.is_opening():
            self.worker.post(msg.ShowMap(self._to_show.path, self._to_show.difficulty))
            self._to_show = None

    def chosen_maps(self) -> tuple[msg.OpenMap, ...]:
        return tuple(msg.OpenMap(s.path, s.difficulty) for s in self.window.maps.chosen)

    # ---- opening

    def ask_open(self) -> None:
        self.open_paths(ask_files(self.root, self.settings.recent))

    def ask_songs(self) -> None:
        folder = ask_folder(self.root, "The osu! Songs folder", self.settings.songs_folder)
        if folder:
            self.open_paths((folder,))

    def open_paths(self, paths: tuple[str, ...]) -> None:
        """Maps first, so that replays find them; whole paths, since they are remembered."""
        whole = (str(Path(path).absolute()) for path in paths)
        for path in sorted(whole, key=lambda p: p.lower().endswith(".osr")):
            if Path(path).is_dir():
                self.worker.post(msg.ScanSongs(path))
            elif path.lower().endswith(".osr"):
                self.worker.post(msg.OpenReplay(path, self.known_maps()))
            else:
                self.worker.post(msg.OpenMap(path))

    def known_maps(self) -> tuple[str, ...]:
        """Files in which a replay's map may be, the likeliest first."""
        recent = (p for p in self.settings.recent if not p.lower().endswith(".osr"))
        return tuple(dict.fromkeys((*recent, *(s.path for s in self.window.maps.songs))))

    def recent(self) -> list[tuple[str, str]]:
        """(name, path) of the files opened last."""
        return [(Path(path).name, path) for path in self.settings.recent]

    # ---- generating

    def generate(self) -> None:
        self._request(self.chosen_maps(), None)

    def ask_batch(self) -> None:
        """Plays of the chosen maps, to a folder."""
        maps = self.chosen_maps()
        folder = self._ask_folder(f"Folder for the plays of {len(maps)} map{'s' * (len(maps) > 1)}")
        if folder:
            self._request(maps, folder)

    def _request(self, maps: tuple[msg.OpenMap, ...], folder: str | None) -> None:
        try:
            command = self.window.form.request(maps, folder, self.known_maps())
        except FormError as error:
            self.window.fail(str(error))
            return
        if any(work.plays for work in self.worker.works):
            self.window.say("It waits for its turn: the Works tab lists what runs and what waits.")
        self.worker.post(command)

    def cancel(self) -> None:
        """Give up what runs now; what waits goes on."""
        running = [work.number for work in self.worker.works if work.started_s is not None]
        self.worker.cancel(*running)
        self.paint_state()

    # ---- plays

    def show_selected(self) -> None:
        """The selected plays in the preview: the last one and others of its map, the first of them
        beside it, or all over one field."""
        chosen = self.window.results.selected()
        last = chosen[-1] if chosen else None
        self.window.live.show_play(f"{last.label}: {last.map_name}" if last else "")
        if last is None:
            return
        beatmap, over = last.stage.beatmap, self.window.over_one_field
        others = [r for r in chosen[:-1] if r.stage.beatmap.md5 == beatmap.md5]
        if over:
            alike = [r for r in others if r.stage.beatmap.conditions == beatmap.conditions]
            others = alike[-(MOST_OVER_ONE_FIELD - 1) :]
            if len(others) < len(chosen) - 1:
                self.window.say(
                    f"{len(others) + 1} of {len(chosen)} plays are shown: one map, the same mods, "
                    f"at most {MOST_OVER_ONE_FIELD}."
                )
        shown = (*(others if over else others[:1]), last)
        stages, players = [r.stage for r in shown], [r.label for r in shown]
        self.window.preview.show(stages, players, last.map_path, over)

    def ask_save(self) -> None:
        """One play to a file, several to a folder."""
        plays = self.window.results.selected()
        names = [play_file_name(play.label, play.stage.beatmap) for play in plays]
        if len(plays) == 1:
            paths = [self._ask_path("Save the play", names[0], ".osr")]
        else:
            folder = self._ask_folder(f"Folder for {len(plays)} plays")
            paths = [folder and str(Path(folder) / name) for name in unlike(names)]
        for play, path in zip(plays, paths, strict=True):
            if path:
                self.worker.post(msg.SaveReplay(play.stage.replay, path))

    def ask_gif(self) -> None:
        path = self._ask_path("Save what the preview shows, from now on", "", ".gif")
        if path:
            self.save_gif(path)

    def _ask_folder(self, title: str) -> str:
        folder = ask_folder(self.root, title, self.settings.save_folder)
        if folder:
            self.settings = dataclasses.replace(self.settings, save_folder=folder)
        return folder

    def _ask_path(self, title: str, name: str, suffix: str) -> str:
        path = ask_save(self.root, title, self.settings.save_folder, name, suffix)
        if path:
            folder = str(Path(path).parent)
            self.settings = dataclasses.replace(self.settings, save_folder=folder)
        return path

    def save_gif(self, path: str) -> None:
        """The preview's plays from its time on, for the seconds that the field says."""
        try:
            seconds = float(self.window.gif_seconds.get())
        except ValueError:
            seconds = 0.0
        if not 0.5 <= seconds <= 30:
            self.window.fail("The gif's length must be a number of seconds from 0.5 to 30.")
            return
        preview = self.window.preview
        start_ms = preview.clock.now_ms
        end_ms = start_ms + seconds * 1000 * preview.clock.rate
        shown = (preview.stages, preview.labels, path, start_ms, end_ms, preview.over_one_field)
        self.worker.post(msg.SaveGif(*shown))

    def jump_to_miss(self, direction: int) -> None:
        """The next miss in the preview, or the one before for -1."""
        if said := self.window.preview.jump_to_miss(direction):
            self.window.say(said)

    def ask_blind_page(self) -> None:
        """A page of people's and generated clips, from a folder of replays."""
        folders = (self.settings.songs_folder,) if self.settings.songs_folder else ()
        command = self.window.blind.ask(self.window.form.model.get(), folders)
        if command:
            self.worker.post(command)

    # ---- live

    def find_window(self) -> None:
        self.worker.post(msg.FindWindow())

    def arm(self) -> None:
        """Get ready to play the last selected play live; nothing moves before the start key."""
        stage = self.window.results.selected()[-1].stage
        try:
            self.worker.post(self.window.live.request(stage))
        except FormError as error:
            self.window.fail(str(error))
        else:
            self.window.preview.pause()

    def start_live(self) -> None:
        self.worker.start_live()

    def nudge(self, ms: int) -> None:
        self.worker.nudge_live(ms)

    # ---- the window itself

    def toggle_theme(self) -> None:
        theme = "light" if self.settings.theme == "dark" else "dark"
        self.settings = dataclasses.replace(self.settings, theme=theme)
        set_theme(self.root, theme)

    def close(self) -> None:
        """End everything, in whatever state: the song, the worker, the window."""
        self.root.after_cancel(self._after)
        self.settings = self._current_settings()
        self.root.withdraw()
        self.window.preview.close()
        self.window.maps.close()
        self.worker.close(CLOSE_S)
        try:
            save_settings(self.settings)
        except OSError as error:
            print(f"The settings were not saved: {error}", file=sys.stderr)
        self.root.destroy()

    def _current_settings(self) -> Settings:
        form, preview = self.window.form, self.window.preview
        plays = form.plays.get()
        return dataclasses.replace(
            self.window.live.remembered(self.settings),
            size=(self.root.winfo_width(), self.root.winfo_height()),
            model=form.model.get(),
            mods=form.mods_text(),
            plays=int(plays) if plays.isdecimal() else 1,
            speed=preview.transport.speed,
            sound=preview.transport.sound,
            hit_sounds=preview.transport.hits,
        )


def main(paths: list[str]) -> None:
    sharpen()
    try:
        root = tk.Tk(className=TITLE)
    except tk.TclError as error:
        sys.exit(f"gui.py: no window can be opened: {error}")
    worker = Worker()
    try:
        app = App(root, worker, load_settings())
        signal.signal(signal.SIGINT, app.interrupt)
        app.open_paths(tuple(paths))
        if app.settings.songs_folder and not any(Path(path).is_dir() for path in paths):
            worker.post(msg.ScanSongs(app.settings.songs_folder))
        root.mainloop()
    except KeyboardInterrupt:
        pass  # before its handler was there
    finally:
        worker.close(CLOSE_S)
    if worker.is_alive():
        os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A window that plays maps and shows plays.")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help=".osu, .osz, .olz or .osr, or a Songs folder"
    )
    main(parser.parse_args().files)
