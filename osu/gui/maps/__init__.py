"""What the list of maps shows of each map, and which of them a search leaves. No Tk."""
