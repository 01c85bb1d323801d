"""Live play: handlers of the buttons of its tab."""

from typing import Any

from osu.gui import messages as msg
from osu.gui.widgets.form import FormError


class LiveActions:
    """Handlers of the live tab's buttons; `app` is the program."""

    def __init__(self, app: Any):
        self._app = app

    def find_window(self) -> None:
        self._app.worker.post(msg.FindWindow())

    def arm(self) -> None:
        """Get ready to play the last selected play live; nothing moves before the start key."""
        stage = self._app.window.results.selected()[-1].stage
        try:
            self._app.worker.post(self._app.window.live.request(stage))
        except FormError as error:
            self._app.window.fail(str(error))
        else:
            self._app.window.preview.pause()

    def start_live(self) -> None:
        self._app.worker.start_live()

    def nudge(self, ms: int) -> None:
        self._app.worker.nudge_live(ms)

    def cancel(self) -> None:
        self._app.generating.cancel()
