"""What is drawn of the listed plays: the charts."""
