"""A model of oneself: handlers of the buttons of its tab."""

import dataclasses
from pathlib import Path
from typing import Any

from osu.gui import messages as msg
from osu.gui.widgets.dialogs.files import ask_folder
from osu.gui.works import Work


class PersonActions:
    """Handlers of the tab's buttons, and what it shows; `app` is the program."""

    def __init__(self, app: Any):
        self._app = app
        self._result = ""  # what is said of the model that was made last, or was not

    def ask_folder(self) -> None:
        title = "A folder with your replays"
        settings = self._app.settings
        remembered = settings.person_folder or settings.songs_folder
        folder = ask_folder(self._app.root, title, remembered)
        if folder:
            self._app.settings = dataclasses.replace(settings, person_folder=folder)
            self._app.worker.post(msg.FindPlayers(folder))

    def start(self) -> None:
        panel = self._app.window.person
        name = panel.model.get().strip()
        self._result = ""
        self._app.worker.post(msg.MakePersonModel(self._folders(), panel.player, name))
        self._app.window.say(f"A model of {panel.player} is being made.")

    def _folders(self) -> tuple[str, ...]:
        """The folder that was chosen, and the Songs folder that is open where it is another one:
        replays alone have their maps there."""
        chosen, songs = self._app.window.person.folder, self._app.settings.songs_folder
        apart = songs and not Path(songs).is_relative_to(chosen)
        return (chosen, songs) if apart and Path(songs).is_dir() and "," not in songs else (chosen,)

    def stop(self) -> None:
        works = self._works()
        if works:  # without numbers all that runs would be cancelled
            self._app.worker.cancel(*(work.number for work in works))

    def is_made(self) -> bool:
        """Whether a model is being made, or waits for it."""
        return bool(self._works())

    def is_about(self, number: int) -> bool:
        """Whether it is said on this tab how far the work of that number is."""
        return any(work.number == number for work in self._works())

    def paint(self) -> None:
        """How far the model is that is being made, or how well the last one does."""
        works = self._works()
        part, sentence = 0.0, self._result
        if works:
            work = works[0]
            part, sentence = work.part or 0.0, work.text
            if work.cancel.is_set():
                sentence = "it saves what it has learned"
            sentence = sentence[:1].upper() + sentence[1:] + "." * bool(sentence)
        self._app.window.person.show_progress(part, sentence)

    def on_made(self, event: msg.PersonModelMade) -> None:
        """The new model is in the list of players, chosen."""
        self._app.window.form.choose_model(event.model, event.cards)
        about = event.about and f" {event.about}."
        self._app.window.say(f"{event.model} is made and chosen.{about}")
        self._result = event.compared and f"Held-out songs, its plays less yours: {event.compared}."
        if event.picture:
            save = self._app.plays.ask_save_charts
            self._app.window.show_charts(event.picture, save, "What your plays show of you")

    def on_failed(self, sentence: str) -> None:
        """Why no model was made: here, too, where there is room for all of it."""
        self._result = sentence

    def _works(self) -> tuple[Work, ...]:
        return self._app.worker.works_of(msg.MakePersonModel)
