"""What is drawn of the listed plays: the menu that asks for it, and the charts."""
