"""The window without its widgets: the worker thread, its messages, what the window remembers."""
