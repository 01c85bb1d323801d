"""What is made: plays of the chosen maps, one or a batch, and pages of the blind test."""

from typing import Any

from osu.gui import messages as msg
from osu.gui.widgets.form import FormError


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
            command = self._app.window.form.request(maps, folder, self._app.opening.known_maps())
        except FormError as error:
            self._app.window.fail(str(error))
            return
        if any(work.plays for work in self._app.worker.works):
            self._app.window.say(
                "It waits for its turn: the Works tab lists what runs and what waits."
            )
        self._app.worker.post(command)

    def cancel(self) -> None:
        """Give up what runs now; what waits goes on."""
        running = [work.number for work in self._app.worker.works if work.started_s is not None]
        self._app.worker.cancel(*running)
        self._app.paint_state()

    def ask_blind_page(self) -> None:
        """A page of people's and generated clips, from a folder of replays."""
        folders = (self._app.settings.songs_folder,) if self._app.settings.songs_folder else ()
        command = self._app.window.blind.ask(self._app.window.form.model.get(), folders)
        if command:
            self._app.worker.post(command)
