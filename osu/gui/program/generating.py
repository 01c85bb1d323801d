"""What is made: plays of the chosen maps, one or a batch, like whom; pages of the blind test."""

import random
from typing import Any

from osu.blind.question import WHICH_IS_HUMAN, WHICH_IS_ME, Question
from osu.gui import messages as msg
from osu.gui.widgets.dialogs.files import ask_folder, ask_replays
from osu.gui.widgets.form import FormError

PAGE_SEEDS = 10**6


class Generating:
    """Handlers of the buttons that have plays made; `app` is the program."""

    def __init__(self, app: Any):
        self._app = app

    def generate(self) -> None:
        self._request(self._app.chosen_maps(), None)

    def ask_batch(self) -> None:
        """Plays of the chosen maps, to a folder."""
        maps = self._app.chosen_maps()
        folder = self._app.ask_save_folder(
            f"Folder for the plays of {len(maps)} map{'s' * (len(maps) > 1)}"
        )
        if folder:
            self._request(maps, folder)

    def _request(self, maps: tuple[msg.OpenMap, ...], folder: str | None) -> None:
        try:
            command = self._app.window.form.request(maps, folder)
        except FormError as error:
            self._app.window.fail(str(error))
            return
        if any(work.plays for work in self._app.worker.works):
            self._app.window.say(
                "It waits for its turn: the tab Queue lists what runs and what waits."
            )
        self._app.worker.post(command)

    def ask_liked_replays(self) -> None:
        self.read_liked(ask_replays(self._app.root, "Replays whose style to follow"))

    def ask_liked_folder(self) -> None:
        folder = ask_folder(self._app.root, "A folder of replays whose style to follow", "")
        self.read_liked((folder,) if folder else ())

    def read_liked(self, names: tuple[str, ...]) -> None:
        """Have replays and folders of them read, instead of any that are being read."""
        if names:
            self._leave_reading()
            self._app.worker.post(msg.ReadLikedPlays(names, self._app.opening.map_places()))

    def like_anybody(self) -> None:
        """The plays follow nobody's style any more."""
        self._leave_reading()
        self._app.window.form.show_like()

    def _leave_reading(self) -> None:
        works = self._app.worker.works_of(msg.ReadLikedPlays)
        if works:  # without numbers all that runs would be cancelled
            self._app.worker.cancel(*(work.number for work in works))

    def cancel(self) -> None:
        """Give up what runs now; what waits goes on."""
        running = [work.number for work in self._app.worker.works if work.started_s is not None]
        self._app.worker.cancel(*running)
        self._app.paint_state()

    def ask_blind_page(self) -> None:
        """A page of people's and generated clips, after two dialogs: of a folder of replays, to a
        file."""
        replays = ask_folder(self._app.root, "A folder with people's replays", "")
        if replays:
            self._ask_page(WHICH_IS_HUMAN, replays)

    def ask_blind_page_of_me(self) -> None:
        """The same of the player who is chosen on the tab You."""
        you = self._app.window.person
        self._ask_page(WHICH_IS_ME, you.folder, you.player)

    def _ask_page(self, question: Question, replays: str, me: str = "") -> None:
        app = self._app
        name = question.title.lower().replace(" ", "-").replace("?", ".html")
        path = app.ask_save_path("Save the page", name, ".html")
        if path:
            folders = (app.settings.songs_folder,) if app.settings.songs_folder else ()
            model, pairs = app.window.form.model.get(), app.window.blind.count()
            seed = random.randrange(PAGE_SEEDS)
            app.worker.post(msg.MakeBlindPage(replays, folders, model, pairs, seed, path, me))
