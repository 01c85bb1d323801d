"""Menus: of a button, and of a list where the pointer is."""
