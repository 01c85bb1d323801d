"""What is asked of a player: model, mods, seed, number of plays, and what the model can follow."""

import random
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk
from typing import Any

from osu.errors import UserError
from osu.formats.mods import ModsError, mods_str, parse_mods
from osu.gui.messages import Generate, OpenMap
from osu.gui.settings import MAX_PLAYS
from osu.gui.widgets.fit import FittedLabel, Tooltip
from osu.gui.widgets.menus.menu_button import MenuButton
from osu.players.naming import AUTO
from osu.players.options import (
    ACCURACY_RANGE,
    LAST_SEED,
    SKILLS,
    UNSTABLE_RATE_RANGE,
    LikedPlay,
)

MODS = ("HD", "HR", "DT", "FL", "EZ", "HT", "NC", "NF")
# A mod that is switched on switches these off: the game knows no such pair.
EXCLUDES = {
    "HR": ("EZ",),
    "EZ": ("HR",),
    "DT": ("HT", "NC"),
    "NC": ("HT", "DT"),
    "HT": ("DT", "NC"),
}
ANY_SKILL = "any"
LISTING = "The players are being listed: a moment, please."
SEEDS = 1_000_000  # drawn from: short to read and to type
ANY_STYLE = "any"
READING = "The replays to play like are being read: a moment, please."
PLAYER_TIP = (
    "Who plays. A diffusion model (its recipe is called EDM) turns noise into a whole play, cursor "
    "and keys; GAN, WGAN and VAE move the cursor, and a second network presses; rnn is the mean of "
    "all people."
)
WISH_TIPS = {
    "Accuracy %": "To aim for: up to four tries are made, and the nearest is kept.",
    "UR": "Unstable rate to aim for: ten times the spread of the hits, in ms.",
    "Skill": "An accuracy to aim for: low 91 %, mid 96 %, high 98.5 %.",
    "Like": "In the style of a person, read off their replays: files, or a folder of which at most "
    "50 are read.",
}
ABOUT_KINDS = {  # by the `kind` in a model's card
    "play": "Plays like people, cursor and keys.",
    "cursor": "Moves like people; keys are added.",
}
AUTO_ABOUT = "No network: straight lines and exact presses, to compare with."


class FormError(UserError):
    """A field that can't be used, in one sentence."""


class PlayForm(ttk.Frame):
    """The fields of a Generate command; `request` reads them. `actions` has the handlers of the
    menu that chooses whom to play like."""

    def __init__(self, parent: tk.Misc, model: str, mods: str, plays: int, actions: Any):
        super().__init__(parent)
        self.cards: dict[str, Any] = {}
        self.like: tuple[LikedPlay, ...] = ()
        self._whose, self._reading = (ANY_STYLE, ""), False  # names, and more about them
        self._wanted_model = model
        self.model = tk.StringVar(self, model)  # "" until the models are listed
        self.seed = tk.StringVar(self)
        self.pinned = tk.BooleanVar(self, False)
        self._drawn = ""  # the seed that stands in its field unless it was typed
        self.plays = tk.StringVar(self, str(plays))
        self.accuracy = tk.StringVar(self)
        self.unstable_rate = tk.StringVar(self)
        self.skill = tk.StringVar(self, ANY_SKILL)
        on = mods_str(parse_mods(mods))
        self.mods = {m: tk.BooleanVar(self, m in _pairs(on)) for m in MODS}
        self.columnconfigure(1, weight=1)
        self._create_model()
        self._create_mods()
        self._create_numbers()
        self._create_wishes(actions)
        self._show_model()

    def _create_model(self) -> None:
        """Rows 0 and 1: the model, and what its card says."""
        ttk.Label(self, text="Player").grid(row=0, column=0, sticky="w")
        self._models = ttk.Combobox(
            self, textvariable=self.model, values=(AUTO,), state="readonly", width=18
        )
        self._models.grid(row=0, column=1, sticky="ew", padx=(8, 0))
        Tooltip(self._models, lambda x, y: PLAYER_TIP)
        self._models.bind("<<ComboboxSelected>>", lambda event: self._on_model())
        self._about = FittedLabel(self, style="Faint.TLabel")
        self._about.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(2, 4))

    def _create_mods(self) -> None:
        """Row 2: eight toggles in two lines."""
        mods = ttk.Frame(self)
        mods.grid(row=2, column=0, columnspan=2, sticky="ew")
        for n, mod in enumerate(MODS):
            mods.columnconfigure(n % 4, weight=1, uniform="mods")
            ttk.Checkbutton(
                mods,
                text=mod,
                variable=self.mods[mod],
                style="Toggle.TButton",
                command=lambda mod=mod: self._on_mod(mod),
            ).grid(row=n // 4, column=n % 4, sticky="ew", padx=1, pady=1)

    def _create_numbers(self) -> None:
        """Row 3: seed, whether it stays, number of plays."""
        row = ttk.Frame(self)
        row.grid(row=3, column=0, columnspan=2, sticky="ew", pady=(6, 0))
        row.columnconfigure(1, weight=1)
        ttk.Label(row, text="Seed").grid(row=0, column=0)
        ttk.Entry(row, textvariable=self.seed, width=6).grid(row=0, column=1, sticky="ew", padx=6)
        pin = ttk.Checkbutton(row, text="Pin", variable=self.pinned, style="Toggle.TButton")
        pin.grid(row=0, column=2)
        self.seed.trace_add("write", lambda *names: self._on_seed())
        ttk.Label(row, text="Plays").grid(row=0, column=3, padx=(12, 6))
        ttk.Spinbox(row, textvariable=self.plays, from_=1, to=MAX_PLAYS, width=3).grid(
            row=0, column=4
        )

    def _create_wishes(self, actions: Any) -> None:
        """Row 4: what some models follow; what the chosen one can't is there but doesn't work, so
        that nothing moves under the pointer when another one is chosen."""
        box = ttk.Frame(self)
        box.grid(row=4, column=0, columnspan=2, sticky="ew", pady=(4, 0))
        skills = ttk.Combobox(box, textvariable=self.skill, values=(ANY_SKILL, *SKILLS), width=5)
        self.like_button = like = MenuButton(
            box,
            ANY_STYLE,
            {
                "replays": ("Replays...", actions.ask_liked_replays),
                "folder": ("A folder of replays...", actions.ask_liked_folder),
                "anybody": ("Anybody", actions.like_anybody),
            },
        )
        like.fit_text()
        Tooltip(like, lambda x, y: self._whose[1])
        accuracy = ttk.Entry(box, textvariable=self.accuracy, width=5)
        rate = ttk.Entry(box, textvariable=self.unstable_rate, width=5)
        places = (("Accuracy %", accuracy), ("UR", rate), ("Skill", skills), ("Like", like))
        for n, (name, widget) in enumerate(places):
            row, column = n // 2, 2 * (n % 2)
            box.columnconfigure(column + 1, weight=1, uniform="wishes")
            label = ttk.Label(box, text=name)
            label.grid(row=row, column=column, sticky="w", padx=(0, 6))
            Tooltip(label, lambda x, y, name=name: WISH_TIPS[name])
            gap = (0, 10 * (column == 0))
            widget.grid(row=row, column=column + 1, sticky="ew", padx=gap, pady=2)
        self._wishes = {"like": like, "accuracy": accuracy, "unstable_rate": rate}
        self._wishes["skill"] = skills

    # ---- what the window calls

    def show_models(self, cards: Sequence[Any]) -> None:
        """The models that are there; the remembered one is chosen where it is among them."""
        self.cards = {card.name: card for card in cards}
        names = (*self.cards, AUTO)
        self._models.configure(values=names)
        self.model.set(self._wanted_model if self._wanted_model in names else names[0])
        self._show_model()

    def choose_model(self, name: str, cards: Sequence[Any]) -> None:
        """One of the models that are there now."""
        self._wanted_model = name
        self.show_models(cards)

    def show_like(
        self, plays: tuple[LikedPlay, ...] = (), names: str = ANY_STYLE, sentence: str = ""
    ) -> None:
        """Whose style is followed from now on."""
        self.like, self._whose = plays, (names, sentence)
        self._show_like()

    def show_reading(self, reading: bool) -> None:
        """Whether replays to play like are being read."""
        if reading != self._reading:
            self._reading = reading
            self._show_like()

    def _show_like(self) -> None:
        self.like_button.show("reading" if self._reading else self._whose[0])

    def mods_text(self) -> str:
        return "".join(mod for mod, on in self.mods.items() if on.get()) or "NM"

    def request(
        self,
        maps: tuple[OpenMap, ...],
        folder: str | None = None,
    ) -> Generate:
        """The command for `maps`; FormError names the first field that can't be used."""
        if not maps:
            raise FormError("Open a map first.")
        if not self.model.get():
            raise FormError(LISTING)
        can = self.abilities()
        if "like" in can and self._reading:
            raise FormError(READING)
        percent = rate = None
        if "accuracy" in can:
            least, most = ACCURACY_RANGE
            percent = _number("Accuracy", self.accuracy.get(), 100 * least, 100 * most)
        if "unstable_rate" in can:
            rate = _number("The unstable rate", self.unstable_rate.get(), *UNSTABLE_RATE_RANGE)
        return Generate(
            maps=maps,
            model=self.model.get(),
            mods=self._valid_mods(),
            seed=self._next_seed(),
            plays=_whole("The number of plays", self.plays.get(), 1, MAX_PLAYS),
            like=self.like if "like" in can else (),
            accuracy=None if percent is None else percent / 100,
            unstable_rate=rate,
            skill=self.skill.get() if "skill" in can and self.skill.get() in SKILLS else None,
            folder=folder,
        )

    def _valid_mods(self) -> str:
        try:
            parse_mods(self.mods_text())
        except ModsError as error:
            raise FormError(str(error)) from None
        return self.mods_text()

    def abilities(self) -> frozenset[str]:
        """Which wishes the chosen model follows."""
        card = self.cards.get(self.model.get())
        return frozenset(card.options) if card is not None else frozenset()

    def _next_seed(self) -> int:
        """The pinned seed, else a new one, which then stands in the field."""
        if self.pinned.get():
            return _whole("The seed", self.seed.get(), 0, LAST_SEED)
        self._drawn = str(random.SystemRandom().randrange(SEEDS))
        self.seed.set(self._drawn)
        return int(self._drawn)

    # ---- handlers

    def _on_seed(self) -> None:
        """A seed that was typed is meant; none is typed in an empty field."""
        typed = self.seed.get()
        if typed != self._drawn or not typed:
            self._drawn = ""
            self.pinned.set(bool(typed))

    def _on_model(self) -> None:
        self._models.selection_clear()
        self._wanted_model = self.model.get()
        self._show_model()

    def _show_model(self) -> None:
        """What the chosen model's card says, and the wishes that it follows."""
        card = self.cards.get(self.model.get())
        without_card = AUTO_ABOUT if self.model.get() == AUTO else LISTING
        self._about.show(_in_words(card) if card is not None else without_card)
        can = self.abilities()
        for name, widget in self._wishes.items():
            works = "readonly" if name == "skill" else "normal"
            widget.configure(state=works if name in can else "disabled")

    def _on_mod(self, mod: str) -> None:
        if self.mods[mod].get():
            for other in EXCLUDES.get(mod, ()):
                self.mods[other].set(False)


def _in_words(card: Any) -> str:
    """A model for people who play; a card is for people who train."""
    return card.about.capitalize() if card.person else ABOUT_KINDS[card.kind]


def _pairs(mods: str) -> tuple[str, ...]:
    return tuple(mods[i : i + 2] for i in range(0, len(mods), 2))


def _whole(what: str, text: str, least: int, most: int) -> int:
    text = text.strip()
    if not text.isdecimal() or not least <= int(text) <= most:
        raise FormError(f"{what} must be a whole number from {least} to {most}.")
    return int(text)


def _number(what: str, text: str, least: float, most: float) -> float | None:
    """None where the field is empty: no wish."""
    text = text.strip().rstrip("%")
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise FormError(f"{what} must be a number from {least:g} to {most:g}, or empty.")
    return value
