"""Tk's own file dialogs, which it shows on X11: other systems have theirs.

They are written in Tcl, and their list of files knows no theme: white, with black texts. What they
do is changed in Tcl, too; a Tk whose dialogs are built otherwise keeps them as they are.
"""

import tkinter as tk

# The list's ground and texts follow the theme; a file that is selected no more is not black again.
_THEMED_LIST = """
oo::class create ::osu_players::ThemedList {
    variable canvas fill
    method Create {} {
        next
        my FollowTheme
        bind $canvas <<ThemeChanged>> [namespace code {my FollowTheme}]
    }
    method FollowTheme {} {
        set fill [ttk::style lookup . -foreground]
        $canvas configure -background [ttk::style lookup . -background]
        foreach item [$canvas find all] {
            if {[$canvas type $item] eq "text"} {$canvas itemconfigure $item -fill $fill}
        }
        my DrawSelection
    }
    method DrawSelection {} {
        set selected [$canvas find withtag selectionText]
        next
        foreach item $selected {
            if {"selectionText" ni [$canvas gettags $item]} {
                $canvas itemconfigure $item -fill $fill
            }
        }
    }
}
if {[auto_load ::tk::IconList]} {oo::define ::tk::IconList mixin ::osu_players::ThemedList}
"""
# A folder that was typed is taken at once, whatever is selected in the list. Tk alone takes what is
# selected instead, and a new folder, or one that it does not show, at the second press only.
_TYPED_FOLDER = """
proc ::osu_players::take_typed_folder {call operation} {
    upvar #0 ::tk::dialog::file::[winfo name [lindex $call 1]] data
    set typed [string trim [$data(ent) get]]
    if {$typed in [list "" $data(selectPath)]} return
    set typed [file normalize [file join $data(selectPath) $typed]]
    $data(icons) selection clear 0 end
    if {[file isdirectory $typed]} {
        set data(selectPath) $typed
    } else {
        set data(previousEntryText) $typed
    }
    $data(ent) delete 0 end
    $data(ent) insert 0 $typed
}
if {[auto_load ::tk::dialog::file::chooseDir::OkCmd]} {
    trace add execution ::tk::dialog::file::chooseDir::OkCmd enter ::osu_players::take_typed_folder
}
"""
# Of a home folder dozens of hidden folders come first: they are shown if asked for.
_HIDDEN_FILES = """
if {[auto_load ::tk::dialog::file::]} {
    set ::tk::dialog::file::showHiddenBtn 1
    set ::tk::dialog::file::showHiddenVar 0
}
"""


def theme_dialogs(root: tk.Tk) -> None:
    """Once, before the first of them is shown."""
    if root.tk.call("tk", "windowingsystem") == "x11":
        root.tk.eval("namespace eval ::osu_players {}")
        for script in (_THEMED_LIST, _TYPED_FOLDER, _HIDDEN_FILES):
            root.tk.eval(script)
