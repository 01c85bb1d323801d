"""What happens when a button is pressed, and when the worker says something."""
