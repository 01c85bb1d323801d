"""How human plays look: the likeness report and all that it measures."""
