"""The song beside the preview, where its file and a backend (pygame) are there; silence otherwise.

The song is heard at its own speed only: under DT and HT, or when the preview runs slower or
faster, there is silence.
"""

import os
from pathlib import Path

from osu.files import path_below

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
try:
    import pygame
    import pygame.mixer
except ImportError:
    pygame = None


class Audio:
    """One song at a time. No method raises: a song that can't be heard is silence."""

    def __init__(self) -> None:
        self._loaded = False
        self._sounding = False

    def load(self, map_path: str, audio_filename: str) -> None:
        """The song that lies beside the .osu file at `map_path`, or in a folder beside it.

        A map is a foreign file: wherever else its name of a song leads, by a link too, nothing is
        opened, and no host is asked for it.
        """
        self.stop()
        self._loaded = False
        folder, name = Path(map_path).parent, path_below(audio_filename)
        song = folder / name
        if pygame is None or not name or not os.path.isfile(song):  # which never raises
            return
        if not song.resolve().is_relative_to(folder.resolve()):
            return
        try:
            if not pygame.mixer.get_init():
                pygame.mixer.init()
            pygame.mixer.music.load(song)
            self._loaded = True
        except pygame.error:  # no sound card, or a format that the backend doesn't know
            pass

    def follow(self, t_ms: float, heard: bool) -> None:
        """Sound from `t_ms` of the song on while `heard`; call it again and again."""
        if not heard:
            self.stop()
        elif self._loaded and not self._sounding and t_ms >= 0:
            try:
                pygame.mixer.music.play(start=t_ms / 1000)
                self._sounding = True
            except pygame.error:  # such as a format that can't be started in its middle
                self._loaded = False

    def stop(self) -> None:
        """Be silent; the next `follow` starts again, at its own time."""
        if self._sounding:
            pygame.mixer.music.stop()
            self._sounding = False

    def close(self) -> None:
        """Stop, and give the sound card back."""
        self.stop()
        if pygame is not None and pygame.mixer.get_init():
            pygame.mixer.quit()
