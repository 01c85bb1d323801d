"""The base of every error whose text is for the user."""


class UserError(ValueError):
    """An error that a user can mend: its text is one sentence that says what is wrong."""
