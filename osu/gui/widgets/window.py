"""The window's regions put together: what is where, and which shortcut presses what.

`actions` is the program (osu.gui.program): each widget calls one of its handlers and does nothing
else.
"""

import math
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

from osu.errors import shown
from osu.gui.settings import Settings
from osu.gui.songs import Song
from osu.gui.sound.audio import Audio
from osu.gui.widgets.blind_panel import BlindPanel
from osu.gui.widgets.dialogs.files import accept_files
from osu.gui.widgets.fit import FittedLabel, Tooltip
from osu.gui.widgets.form import PlayForm
from osu.gui.widgets.live.panel import LivePanel
from osu.gui.widgets.maps import MapList
from osu.gui.widgets.menus.context_menu import ContextMenu
from osu.gui.widgets.menus.menu_button import MenuButton, MenuEntry
from osu.gui.widgets.person.panel import PersonPanel
from osu.gui.widgets.plays.charts_window import ChartsWindow
from osu.gui.widgets.preview import Preview
from osu.gui.widgets.results import Results
from osu.gui.widgets.shortcuts import Shortcut, ShortcutList, bind_shortcuts
from osu.gui.widgets.theme import px, scale_gaps
from osu.gui.widgets.works import WorkList
from osu.gui.works import Work
from osu.live.protocol import LiveSettings

SIZE, LEAST_SIZE = (1320, 900), (764, 560)
SCREEN_SHARE = (0.98, 0.94)  # at most
LEFT_GAPS_PX = 16  # to both sides of the left side
LEFT_SHARE = 0.33  # of the window's width, where that is enough
GIF_SECONDS = (3, 6, 10, 20, 30)
MISS_KEYS = (("n", "next miss", 1), ("p", "miss before", -1), ("w", "worst miss", 0))
READ_S = 4.0  # that a sentence stays beside works that run
MOST_CAPTION = 200  # characters of a file or map
NO_MAP_CHOSEN = "No map is selected"
OVER_TIP = (
    "Of the selected plays of one map two are shown side by side; or all of them over one field, "
    "each with a cursor of its own colour."
)
MAP_MENU = {"generate": "Generate", "batch": "Batch..."}
PLAY_MENU = {
    "save": "Save...",
    "save_all": "Save all...",
    "charts": "Charts of timing and aim",
    "gif": "Gif from here on...",
    "mp4": "Mp4 of the whole play, with its song...",
    "arm": "Arm for live play",
    "remove": "Remove",
    "undo": "Undo remove",
}
THEME_TIP = "Dark or light."


class Window:
    def __init__(self, root: tk.Tk, actions: Any, settings: Settings):
        self.root = root
        self.buttons: dict[str, ttk.Button | MenuEntry] = {}
        self._refusals: dict[str, str] | None = None  # why buttons don't work, as painted last
        self._full_screen = False
        self.menus: list[ContextMenu] = []  # of the maps, of the plays
        self.charts: ChartsWindow | None = None  # the one opened last
        self._part = 0.0  # of the progress bar
        self._said_s = -math.inf  # when a sentence was said
        root.minsize(*self._on_screen(tuple(px(root, side) for side in LEAST_SIZE)))
        size = self._on_screen(settings.size or tuple(px(root, side) for side in SIZE))
        root.geometry("{}x{}".format(*size))
        root.columnconfigure(0, weight=1)
        root.rowconfigure(0, weight=1)
        self._sides = sides = ttk.PanedWindow(root, orient="horizontal")
        sides.grid(row=0, column=0, sticky="nsew")
        self._left = self._create_left(sides, actions, settings)
        sides.add(self._left, weight=0)
        sides.add(self._create_right(sides, actions, settings), weight=1)
        self._left_share = LEFT_SHARE
        sides.bind("<Configure>", lambda event: self._share_width(event.width))
        sides.bind("<ButtonRelease-1>", lambda event: self._on_sash())
        self._create_status()
        shortcuts = self._shortcuts(actions)
        self._tabs.add(ShortcutList(self._tabs, shortcuts), text="Keys")
        bind_shortcuts(root, shortcuts)
        self._create_menus(actions)
        accept_files(root, actions.opening.open_paths)
        scale_gaps(root)
        self._right_padding = self._right.cget("padding")

    def _on_screen(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """`size`, and no larger than the screen allows with its bars and borders."""
        screen = self.root.winfo_screenwidth(), self.root.winfo_screenheight()
        most = (round(part * side) for part, side in zip(SCREEN_SHARE, screen, strict=True))
        return tuple(map(min, size, most))

    def _share_width(self, width: int) -> None:
        """The left side has its share of a wide window, and what it needs of a small one."""
        if self._full_screen:
            return
        # The list takes what there is: its columns ask for the width that they have at the moment.
        others = [part for part in self._left.winfo_children() if part is not self.maps]
        sides = px(self.root, LEFT_GAPS_PX)
        least = max(part.winfo_reqwidth() for part in others) + sides
        self._sides.sashpos(0, max(least, round(self._left_share * width)))

    def _on_sash(self) -> None:
        """A person has moved the border between the sides."""
        self._left_share = self._sides.sashpos(0) / self._sides.winfo_width()

    # ---- what the program paints

    def refuse(self, refusals: dict[str, str]) -> None:
        """The buttons that don't work now, each with the reason; all others do."""
        if refusals == self._refusals:
            return  # even what changes nothing is a request to the screen
        self._refusals = refusals
        for name, button in self.buttons.items():
            button.state(["disabled" if name in refusals else "!disabled"])

    def press(self, name: str) -> None:
        """A click on a button; where it doesn't work, why."""
        reason = (self._refusals or {}).get(name)
        if reason:
            self.say(reason)
        else:
            self.buttons[name].invoke()

    def say(self, sentence: str) -> None:
        self._tell(sentence, "Faint.TLabel")

    def fail(self, sentence: str) -> None:
        """An error, as one sentence in the window."""
        self._tell(sentence, "Error.TLabel")

    def say_what_runs(self, sentence: str) -> None:
        """As `say`, but what was said just now stays for a while: this comes many times a second,
        and would take away what a person is reading."""
        if time.monotonic() - self._said_s > READ_S:
            self._show_sentence(sentence, "Faint.TLabel")

    def _tell(self, sentence: str, style: str) -> None:
        self._said_s = time.monotonic()
        self._show_sentence(sentence, style)

    def _show_sentence(self, sentence: str, style: str) -> None:
        self._status.configure(style=style)
        self._status.show(shown(sentence))

    def show_maps_name(self, songs: Sequence[Song]) -> None:
        """Which maps Generate plays."""
        name = songs[0].label if len(songs) == 1 else f"{len(songs)} maps"
        self._map_name.show(shown(name, MOST_CAPTION) if songs else NO_MAP_CHOSEN)

    def show_progress(self, part: float) -> None:
        if part != self._part:
            self._part = part
            self._progress.configure(value=part)

    def show_works(self, works: Sequence[Work], left_s: Callable[[Work], float | None]) -> None:
        self._works.show(works, left_s)
        title = f"Queue ({len(works)})" if works else "Queue"
        if title != self._tabs.tab(self._works, "text"):
            self._tabs.tab(self._works, text=title)

    def show_charts(
        self, picture: bytes, save: Callable[..., None], title: str = "Timing and aim"
    ) -> None:
        """A PNG in a window of its own."""
        self.charts = ChartsWindow(self.root, picture, save, title)

    @property
    def over_one_field(self) -> bool:
        return bool(self._over_one_field.get())

    def toggle_full_screen(self) -> None:
        """The preview alone on the whole screen, or everything again."""
        self._full_screen = not self._full_screen
        self.root.attributes("-fullscreen", self._full_screen)
        if self._full_screen:
            self._sides.forget(self._left)
            self._panes.forget(self._tabs)
            self._status.grid_remove()
            self._right.configure(padding=0)
        else:
            self._sides.insert(0, self._left, weight=0)
            self._panes.add(self._tabs, weight=0)
            self._status.grid()
            self._right.configure(padding=self._right_padding)

    # ---- regions

    def _create_left(self, parent: tk.Misc, actions: Any, settings: Settings) -> ttk.Frame:
        """Files, maps, what is asked of the player, generate."""
        left = ttk.Frame(parent, padding=(LEFT_GAPS_PX - 4, 12, 4, 4))
        left.rowconfigure(1, weight=1)
        left.columnconfigure(0, weight=1)
        self._create_files(left, actions)
        self.maps = MapList(left, actions.choose)
        self.maps.grid(row=1, column=0, sticky="nsew", pady=(6, 0))
        self._map_name = FittedLabel(left, NO_MAP_CHOSEN, "Strong.TLabel")
        self._map_name.grid(row=2, column=0, sticky="ew", pady=(4, 4))
        asked = (settings.model, settings.mods, settings.plays)
        self.form = PlayForm(left, *asked, actions.generating)
        self.form.grid(row=3, column=0, sticky="ew")
        self._create_generate(left, actions)
        return left

    def _create_files(self, left: ttk.Frame, actions: Any) -> None:
        """Row 0."""
        row = ttk.Frame(left)
        row.grid(row=0, column=0, sticky="ew")
        row.columnconfigure(2, weight=1)
        self._button(row, "open", "Open...", actions.opening.ask_open).grid(row=0, column=0)
        songs = self._button(row, "songs", "Songs...", actions.opening.ask_songs)
        songs.grid(row=0, column=1, padx=6)
        recent = ttk.Menubutton(row, text="Recent  ")  # sv-ttk sets its arrow close
        recent.grid(row=0, column=2, sticky="w")
        menu = tk.Menu(recent, tearoff=False)
        menu.configure(postcommand=lambda: self._fill(menu, actions))
        recent.configure(menu=menu)
        theme = ttk.Button(row, text="◐", width=2, command=actions.toggle_theme)
        theme.grid(row=0, column=3)
        Tooltip(theme, lambda x, y: THEME_TIP)

    def _fill(self, menu: tk.Menu, actions: Any) -> None:
        menu.delete(0, "end")
        for name, path in actions.opening.recent():
            menu.add_command(
                label=shown(name, MOST_CAPTION),
                command=lambda path=path: actions.opening.open_paths((path,)),
            )

    def _create_generate(self, left: ttk.Frame, actions: Any) -> None:
        """Row 4: generate, batch, cancel, progress."""
        row = ttk.Frame(left)
        row.grid(row=4, column=0, sticky="ew", pady=(8, 0))
        row.columnconfigure(0, weight=1)
        generate = self._button(row, "generate", "Generate", actions.generating.generate)
        generate.configure(style="Accent.TButton")
        generate.grid(row=0, column=0, sticky="ew")
        self._button(row, "batch", "Batch...", actions.generating.ask_batch).grid(
            row=0, column=1, padx=6
        )
        self._button(row, "cancel", "Cancel", actions.generating.cancel).grid(row=0, column=2)
        self._progress = ttk.Progressbar(row, maximum=1.0)
        self._progress.grid(row=1, column=0, columnspan=3, sticky="ew", pady=(6, 0))

    def _create_right(self, parent: tk.Misc, actions: Any, settings: Settings) -> ttk.Frame:
        """The preview above the plays."""
        right = self._right = ttk.Frame(parent, padding=(4, 12, 12, 4))
        right.columnconfigure(0, weight=1)
        right.rowconfigure(0, weight=1)
        panes = self._panes = ttk.PanedWindow(right, orient="vertical")
        panes.grid(row=0, column=0, sticky="nsew")
        heard = (settings.speed, settings.sound, settings.hit_sounds)
        self.preview = Preview(panes, Audio(), *heard, on_remark=self.say)
        panes.add(self.preview, weight=1)
        tabs = self._tabs = ttk.Notebook(panes)
        panes.add(tabs, weight=0)
        tabs.add(self._create_plays(tabs, actions), text="Plays")
        self.live = LivePanel(tabs, settings, self._button, actions.live)
        tabs.add(self.live, text="Live")
        self.blind = BlindPanel(tabs, self._button, actions.generating)
        tabs.add(self.blind, text="Blind test")
        self.person = PersonPanel(tabs, self._button, actions.person)
        tabs.add(self.person, text="You")
        self._works = WorkList(tabs, actions.worker.cancel)
        tabs.add(self._works, text="Queue")
        return right

    def _create_plays(self, tabs: ttk.Notebook, actions: Any) -> ttk.Frame:
        """The plays, and below them what can be done with the selected ones."""
        plays = ttk.Frame(tabs, padding=8)
        plays.columnconfigure(0, weight=1)
        plays.rowconfigure(0, weight=1)
        self.results = Results(plays, actions.plays.show_selected, actions.plays.undo_remove)
        self.results.grid(row=0, column=0, sticky="nsew")
        self.buttons["undo"] = self.results.undo_button
        row = ttk.Frame(plays)
        row.grid(row=1, column=0, sticky="ew", pady=(6, 0))
        row.columnconfigure(0, weight=1)
        self._over_one_field = tk.BooleanVar(row, False)
        over = ttk.Checkbutton(row, text="Overlay", style="Toggle.TButton")
        over.configure(variable=self._over_one_field, command=actions.plays.lay_over)
        over.grid(row=0, column=0, sticky="w")
        Tooltip(over, lambda x, y: OVER_TIP)
        self._button(row, "remove", "Remove", actions.plays.remove).grid(row=0, column=1)
        save = MenuButton(
            row,
            "Save",
            {
                "save": ("The selected plays...", actions.plays.ask_save),
                "save_all": ("All plays...", actions.plays.ask_save_all),
            },
        )
        save.grid(row=0, column=2, padx=2)
        draw = MenuButton(
            row,
            "Draw",
            {
                "charts": ("Charts of timing and aim", actions.plays.draw_charts),
                "gif": ("Gif from here on...", actions.plays.ask_gif),
                "mp4": ("Mp4 of the whole play, with its song...", actions.plays.ask_mp4),
            },
        )
        self.gif_seconds = tk.IntVar(row, GIF_SECONDS[1])
        lengths = {f"{seconds} seconds": seconds for seconds in GIF_SECONDS}
        draw.add_choice("Length of the gif", self.gif_seconds, lengths)
        draw.grid(row=0, column=3)
        self.buttons |= save.entries | draw.entries
        return plays

    def _create_status(self) -> None:
        """Row 1: one sentence."""
        padding = [px(self.root, side) for side in (14, 0, 14, 6)]
        self._status = FittedLabel(self.root, style="Faint.TLabel", padding=padding)
        self._status.grid(row=1, column=0, sticky="ew")

    def _button(
        self, parent: ttk.Frame, name: str, text: str, command: Callable[[], Any], tip: str = ""
    ) -> ttk.Button:
        """A button that `refuse` switches; beside the pointer it says why it doesn't work, or `tip`
        where it does."""
        button = self.buttons[name] = ttk.Button(parent, text=text, command=command)
        Tooltip(button, lambda x, y: (self._refusals or {}).get(name, tip))
        return button

    def _create_menus(self, actions: Any) -> None:
        """What can be done with the selected maps and plays, at a right click."""

        def refusals() -> dict[str, str]:
            self.maps.hear_selection()
            self.results.hear_selection()
            actions.paint_state()
            return self._refusals or {}

        for table, entries in ((self.maps, MAP_MENU), (self.results, PLAY_MENU)):
            self.menus.append(ContextMenu(table.tree, entries, self.press, refusals))

    # ---- keys

    def _shortcuts(self, actions: Any) -> tuple[Shortcut, ...]:
        is_mac = self.root.tk.call("tk", "windowingsystem") == "aqua"
        shown, held = ("Cmd", "Command") if is_mac else ("Ctrl", "Control")

        def press(key: str, does: str, name: str) -> Shortcut:
            """Ctrl and a key, shifted where it is a capital, as a click on a button."""
            text = f"{shown}+{'Shift+' * key.isupper()}{key.upper()}"
            return Shortcut(text, does, f"<{held}-{key}>", lambda: self.press(name))

        preview = self.preview
        nudge_keys = f"{LiveSettings.earlier_key}, {LiveSettings.later_key}"
        return (
            press("o", "open maps and replays", "open"),
            press("O", "open a Songs folder", "songs"),
            Shortcut(f"{shown}+F", "search", f"<{held}-f>", self.maps.entry.focus_set),
            press("g", "generate", "generate"),
            press("b", "batch", "batch"),
            press("s", "save .osr", "save"),
            press("S", "save gif", "gif"),
            press("m", "save mp4", "mp4"),
            press("h", "charts of the plays", "charts"),
            Shortcut(f"{shown}+Z", "undo remove", f"<{held}-z>", self._undo, plain=True),
            Shortcut("Menu key", "of a map or a play"),
            Shortcut("Delete", "remove the plays", "<Delete>", self._remove, plain=True),
            Shortcut("Escape", "cancel", "<Escape>", self._escape),
            Shortcut(f"{shown}+Q", "quit", f"<{held}-q>", actions.ask_close),
            Shortcut("Space", "play, pause", "<space>", preview.toggle, plain=True),
            Shortcut("Left", "5 s back", "<Left>", lambda: preview.skip(-1), plain=True),
            Shortcut("Right", "5 s on", "<Right>", lambda: preview.skip(1), plain=True),
            *(
                Shortcut(key, does, key, lambda to=to: actions.plays.jump_to_miss(to), plain=True)
                for key, does, to in MISS_KEYS
            ),
            Shortcut(".", "a frame on", "<period>", lambda: preview.step(1), plain=True),
            Shortcut(",", "a frame back", "<comma>", lambda: preview.step(-1), plain=True),
            Shortcut("F11", "full screen", "<F11>", self.toggle_full_screen),
            Shortcut("Start key, Escape", "live: start, stop"),
            Shortcut(nudge_keys, "live: earlier, later"),
        )

    def _remove(self) -> None:
        if self.root.focus_get() is not self.maps.tree:
            self.press("remove")

    def _undo(self) -> None:
        self.press("undo")

    def _escape(self) -> None:
        if self._full_screen:
            self.toggle_full_screen()
        else:
            self.press("cancel")
