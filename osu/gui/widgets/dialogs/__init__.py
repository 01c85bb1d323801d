"""Dialogs of files and questions: what a person names and answers."""
