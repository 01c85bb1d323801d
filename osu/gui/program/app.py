"""The program behind the window: what the worker says is shown, and what is pressed is asked of it.

The handlers of buttons are in the other files of this folder, by what they are about.
"""

import dataclasses
import sys
import traceback
from pathlib import Path
from typing import Any

from osu.gui import messages as msg
from osu.gui.blind import open_in_browser
from osu.gui.enabled import refusals
from osu.gui.program.generating import Generating
from osu.gui.program.listed_plays import ListedPlays, play_of_file
from osu.gui.program.live import LiveActions
from osu.gui.program.opening import Opening
from osu.gui.program.person import PersonActions
from osu.gui.settings import Settings, save_settings
from osu.gui.songs import Song, song_of
from osu.gui.widgets.dialogs.files import ask_folder, ask_replace, ask_save, ask_yes, is_asked
from osu.gui.widgets.results import ListedPlay
from osu.gui.widgets.theme import set_theme
from osu.gui.widgets.window import Window
from osu.gui.worker import Worker
from osu.render.scene import Stage

PROGRAM_NAME = "osu-players"
POLL_MS = 30
CLOSE_S = 3.0  # for each thread to end
BATCH_IS_LOST = "A batch is running: its plays so far are saved, the others will not be made."
LONG_FILES = (msg.SaveVideo, msg.MakeBlindPage)  # take minutes, and are whole or not at all
MODEL_GOES_ON = (
    "A model of you is being made: what it has learned is saved, and on the tab You it goes on the "
    "next time, with the same folder."
)


class App:
    """The program behind the window. `worker` does the work; `settings` is what it remembers."""

    def __init__(self, root: Any, worker: Worker, settings: Settings):
        self.root, self.worker, self.settings = root, worker, settings
        self._to_show: Song | None = None  # as soon as the worker is free
        self.interrupted = self._asking = False
        self.opening, self.generating = Opening(self), Generating(self)
        self.plays, self.live = ListedPlays(self), LiveActions(self)
        self.person = PersonActions(self)
        root.title(PROGRAM_NAME)
        set_theme(root, settings.theme)
        self.window = Window(root, self, settings)
        root.protocol("WM_DELETE_WINDOW", self.ask_close)
        root.report_callback_exception = self.on_mistake
        self.plays.reopen(settings.listed_plays)
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
        self.plays.tell_gone()
        self.paint_state()
        self._after = self.root.after(POLL_MS, self.poll)

    def paint_state(self) -> None:
        """Every button from the state word, and from what there is to act on."""
        results = self.window.results
        has_maps, has_plays = bool(self.window.maps.chosen), bool(results.selected())
        has_list, has_removed = bool(results.rows), bool(results.removed)
        listed = (has_maps, has_plays, has_list, has_removed)
        made = (bool(self.window.person.player), self.person.is_made())
        self.window.refuse(refusals(self.worker.state, *listed, *made))
        self.person.paint()
        self.window.form.show_reading(bool(self.worker.works_of(msg.ReadLikedPlays)))
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
                self.measure(songs)
                self.choose_remembered(songs)
            case msg.MapsMeasured(measures):
                self.window.maps.learn(measures)
            case msg.MapOpened():
                self.on_map(event)
            case msg.MapShown(path, stage):
                if song_of(stage.beatmap, path).key in {s.key for s in self.window.maps.chosen}:
                    self.show_map(path, stage)
            case msg.ReplayOpened(path, map_path, stage, remark):
                self.add_map(song_of(stage.beatmap, map_path))
                play = play_of_file(path, map_path, stage)
                self.window.results.choose(self.window.results.add(play))
                self.settings = self.settings.with_recent(path)
                self.window.say(f"{Path(path).name}: {remark}." if remark else play.sentence())
            case msg.PlayReopened():
                self.plays.on_reopened(event)
            case msg.LikesRead(plays, names, sentence):
                self.window.form.show_like(plays, names, sentence)
                self.window.say(sentence)
            case msg.Played(model, seed, map_path, stage, path):
                self.on_played(ListedPlay(model, map_path, stage, seed, path or ""))
            case msg.BlindPageMade(path, pairs):
                self.window.say(f"{pairs}. {open_in_browser(path)}")
            case msg.PlayersFound(folder, players):
                self.window.person.show_players(folder, players)
                many = f"{len(players)} players have replays in {folder}: which are you?"
                one = f"The replays in {folder} are by {players[0][0]}."
                self.window.say(many if len(players) > 1 else one)
            case msg.PersonModelMade():
                self.person.on_made(event)
            case msg.ChartsDrawn(picture):
                self.window.show_charts(picture, self.plays.ask_save_charts)
            case msg.PlaySaved(replay, path):
                self.window.results.note_file(replay, path)
            case msg.Saved(path, remark):
                self.window.say(f"{remark} Saved {path}.".strip())
            case msg.Progress(number, _, text) if not self.person.is_about(number):
                self.window.say_what_runs(text[:1].upper() + text[1:] + ".")
            case msg.WindowFound(inside):
                self.window.live.on_window(inside)
            case msg.Live(live):
                self.window.live.on_event(live)
            case msg.Failed(sentence, command):
                self.window.fail(sentence)
                if isinstance(command, msg.MakePersonModel):
                    self.person.on_failed(sentence)
            case msg.Finished(cancelled=True, command=msg.MakePersonModel()):
                self.window.say("Stopped. Make model goes on from there.")
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

    def measure(self, songs: tuple[Song, ...]) -> None:
        """Have stars, BPM and length computed where they are not known."""
        new = tuple(song for song in songs if song.key not in self.window.maps.known)
        if new:
            self.worker.post(msg.MeasureMaps(new))

    def add_map(self, song: Song, of_its_file: tuple[Song, ...] = ()) -> None:
        """List a map and choose it."""
        self.window.maps.add(of_its_file or (song,))
        self.measure(of_its_file or (song,))
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

    def choose_remembered(self, songs: tuple[Song, ...]) -> None:
        """The map that was chosen when the window was closed, unless one is by now."""
        last = [song for song in songs if song.key == self.settings.chosen_map]
        if last and not self.window.maps.chosen:
            self.window.maps.choose(last[0])
            self.choose((last[0],))

    def show_chosen(self) -> None:
        """The map that is to be shown, once nothing waits before it."""
        if self._to_show and not self.worker.is_opening():
            self.worker.post(msg.ShowMap(self._to_show.path, self._to_show.difficulty))
            self._to_show = None

    def chosen_maps(self) -> tuple[msg.OpenMap, ...]:
        return tuple(msg.OpenMap(s.path, s.difficulty) for s in self.window.maps.chosen)

    # ---- where files go

    def ask_save_folder(self, title: str) -> str:
        """A folder to save into, which is remembered; "" where nobody chose one."""
        folder = ask_folder(self.root, title, self.settings.save_folder)
        if folder:
            self.settings = dataclasses.replace(self.settings, save_folder=folder)
        return folder

    def ask_save_path(self, title: str, name: str, suffix: str, above: Any = None) -> str:
        """A file to save to, asked above the main window or another; its folder is remembered."""
        above = above or self.root
        path = ask_save(above, title, self.settings.save_folder, name, suffix)
        if path:
            folder = str(Path(path).parent)
            self.settings = dataclasses.replace(self.settings, save_folder=folder)
        return path

    def ask_replace(self, there: int, of: int, folder: str) -> bool | None:
        return ask_replace(self.root, there, of, folder)

    # ---- the window itself

    def toggle_theme(self) -> None:
        theme = "light" if self.settings.theme == "dark" else "dark"
        self.settings = dataclasses.replace(self.settings, theme=theme)
        set_theme(self.root, theme)

    def ask_close(self) -> None:
        """Close, but not without a question while something runs that takes long."""
        if self._asking or is_asked(self.root):  # the border was pressed beside a dialog
            return
        batches = any(work.command.folder for work in self.worker.works_of(msg.Generate))
        files = (work.command for kind in LONG_FILES for work in self.worker.works_of(kind))
        lost = [BATCH_IS_LOST] * batches + [MODEL_GOES_ON] * self.person.is_made()
        lost += [f"{Path(file.path).name} is not finished and will be lost." for file in files]
        self._asking = True
        go = not lost or ask_yes(self.root, "Close the window?", " ".join(lost))
        self._asking = False
        if go and self.worker.state != "closed":  # by Ctrl-C in the terminal, meanwhile
            self.close()

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
        plays, chosen = form.plays.get(), self.window.maps.chosen
        return dataclasses.replace(
            self.window.live.remembered(self.settings),
            chosen_map=chosen[-1].key if chosen else self.settings.chosen_map,
            listed_plays=self.plays.remembered(),
            size=(self.root.winfo_width(), self.root.winfo_height()),
            model=form.model.get(),
            mods=form.mods_text(),
            plays=int(plays) if plays.isdecimal() else 1,
            speed=preview.transport.speed,
            sound=preview.transport.sound,
            hit_sounds=preview.transport.hits,
        )
