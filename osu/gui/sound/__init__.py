"""The song beside the preview, at its speed, and the sounds of the hits. No Tk."""
